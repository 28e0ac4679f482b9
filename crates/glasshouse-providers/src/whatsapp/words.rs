//! What WhatsApp itself writes into a chat, in the languages that public readers have seen.
//!
//! None of it decides what is read: it only gives a message its `kind`. The text always stays.

/// Says whether a text is the notice that a chat is encrypted from end to end.
pub(super) fn is_encryption_notice(text: &str) -> bool {
    const STEMS: &[&str] = &[
        "end-to-end encrypt",
        "Ende-zu-Ende-",
        "de extremo a extremo",
        "de bout en bout",
        "crittografat",
        "de ponta a ponta",
        "ponto a ponto",
        "end-to-end versleuteld",
        "päästä päähän",
        "szyfrowan",
        "сквозным шифрованием",
        "uçtan uca şifrel",
        "端到端加密",
        "端对端加密",
        "エンドツーエンド",
        "종단간 암호화",
        "مشفرة",
        "एन्क्रिप्ट",
        "totalsträckskrypter",
        "krypteret ende-til-ende",
    ];
    STEMS.iter().any(|stem| text.contains(stem))
}

/// Says whether a whole text stands for a file that the export was made without.
pub(super) fn is_omitted(text: &str) -> bool {
    const WHOLE: &[&str] = &[
        "<Media omitted>",
        "<Medien ausgeschlossen>",
        "<Medien weggelassen>",
        "<Médias omis>",
        "<Fichier omis>",
        "<Multimedia omitido>",
        "<Archivo omitido>",
        "<Mídia oculta>",
        "<Arquivo de mídia oculto>",
        "<Ficheiro não revelado>",
        "<Media omessi>",
        "<Media weggelaten>",
        "<Без медиафайлов>",
        "<Medya dahil edilmedi>",
        "<Media tidak disertakan>",
        "<Pominięto multimedia>",
        "<省略多媒体文件>",
        "<미디어 파일을 제외한 대화내용>",
        "<Mediatiedosto jätetty pois>",
        "<Uteslöt media>",
        "<Mediefil udeladt>",
        "<تم استبعاد الوسائط>",
    ];
    const ENDINGS: &[&str] = &[
        " omitted",
        " weggelassen",
        " omitida",
        " omitido",
        " absente",
        " absent",
        " absents",
        " ocultada",
        " ocultado",
        " omessa",
        " omesso",
        " weggelaten",
        " не включено",
    ];
    // Pictures and films that can be seen once are `<View once photo omitted>` or alike.
    WHOLE.contains(&text) || (text.len() < 60 && ENDINGS.iter().any(|e| text.trim_end_matches('>').ends_with(e)))
}

/// Says whether a whole text stands for a message that was deleted.
pub(super) fn is_deleted(text: &str) -> bool {
    const WHOLE: &[&str] = &[
        "This message was deleted",
        "You deleted this message",
        "Diese Nachricht wurde gelöscht",
        "Du hast diese Nachricht gelöscht",
        "Se eliminó este mensaje",
        "Este mensaje fue eliminado",
        "Eliminaste este mensaje",
        "Ce message a été supprimé",
        "Vous avez supprimé ce message",
        "Mensagem apagada",
        "Essa mensagem foi apagada",
        "Você apagou esta mensagem",
        "Questo messaggio è stato eliminato",
        "Hai eliminato questo messaggio",
        "Dit bericht is verwijderd",
        "U hebt dit bericht verwijderd",
        "Данное сообщение удалено",
        "Вы удалили данное сообщение",
        "Bu mesaj silindi",
    ];
    WHOLE.contains(&text.trim_end_matches('.'))
}

/// Says whether a text ends with the note that its message was edited.
pub(super) fn is_edited(text: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "<This message was edited>",
        "<Diese Nachricht wurde bearbeitet>",
        "<Diese Nachricht wurde bearbeitet.>",
        "<Este mensaje fue editado>",
        "<Se editó este mensaje>",
        "<Se editó este mensaje.>",
        "<Ce message a été modifié>",
        "<Questo messaggio è stato modificato>",
        "<Mensagem editada>",
        "<Esta mensagem foi editada>",
        "<Dit bericht is bewerkt>",
    ];
    text.ends_with('>') && ENDINGS.iter().any(|ending| text.ends_with(ending))
}

/// Says whether the words in brackets behind a file name mean that the file was attached.
pub(super) fn means_attached(words: &str) -> bool {
    const WORDS: &[&str] = &[
        "file attached",
        "attached",
        "Datei angehängt",
        "archivo adjunto",
        "adjunto",
        "fichier joint",
        "arquivo anexado",
        "ficheiro anexado",
        "file allegato",
        "bestand bijgevoegd",
        "файл добавлен",
        "dosya ekli",
        "file terlampir",
        "załączono plik",
        "plik załączony",
        "fil bifogad",
        "fil vedhæftet",
        "tiedosto liitetty",
        "附件",
        "文件附件",
        "파일 첨부됨",
        "ファイル添付",
        "הקובץ צורף",
        "فایل پیوست شده",
        "ملف مرفق",
    ];
    WORDS.iter().any(|w| w.eq_ignore_ascii_case(words))
}

/// Returns the name of a chat from the name of its file or folder, `None` if that has none.
pub(super) fn chat_name(file: &str) -> Option<String> {
    const PREFIXES: &[&str] = &[
        "WhatsApp Chat with ",
        "WhatsApp Chat - ",
        "WhatsApp Chat – ",
        "WhatsApp Chat mit ",
        "WhatsApp-Chat mit ",
        "WhatsApp-chat met ",
        "WhatsApp-chatt med ",
        "WhatsApp-chat med ",
        "WhatsApp Chat med ",
        "WhatsApp-keskustelu: ",
        "Chat de WhatsApp con ",
        "Chat WhatsApp con ",
        "Chat WhatsApp dengan ",
        "Conversa do WhatsApp com ",
        "Conversas do WhatsApp com ",
        "Discussion WhatsApp avec ",
        "Czat WhatsApp z: ",
        "Czat WhatsApp z ",
        "Чат WhatsApp с контактом ",
        "Чат WhatsApp с ",
        "WhatsApp Chat ",
    ];
    const SUFFIXES: &[&str] = &[" ile WhatsApp Sohbeti", "のWhatsAppトーク", "的WhatsApp聊天记录", "的WhatsApp聊天"];
    let name = file.trim_matches(|c: char| c.is_whitespace() || crate::formats::stamp::is_mark(c));
    let name = name.strip_suffix(".txt").unwrap_or(name);
    let lower = name.to_lowercase();
    for prefix in PREFIXES {
        // Lower case may change lengths beyond ASCII; the prefix is compared with its own number of characters.
        if lower.starts_with(&prefix.to_lowercase()) {
            let rest: String = name.chars().skip(prefix.chars().count()).collect();
            return (!rest.trim().is_empty()).then(|| rest.trim().to_owned());
        }
    }
    for suffix in SUFFIXES {
        if let Some(rest) = name.strip_suffix(suffix) {
            let rest = rest.strip_prefix('与').or_else(|| rest.strip_prefix('與')).unwrap_or(rest);
            return (!rest.trim().is_empty()).then(|| rest.trim().to_owned());
        }
    }
    let bare = matches!(lower.as_str(), "" | "_chat" | "whatsapp chat" | "whatsapp" | "chat");
    (!bare).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_chats() {
        for (file, name) in [
            ("WhatsApp Chat with Family Group.txt", Some("Family Group")),
            ("WhatsApp-Chat mit Ben.txt", Some("Ben")),
            ("Chat de WhatsApp con Zoë.txt", Some("Zoë")),
            ("Conversa do WhatsApp com Trip: 2024.txt", Some("Trip: 2024")),
            ("Ayşe ile WhatsApp Sohbeti.txt", Some("Ayşe")),
            ("与陈的WhatsApp聊天.txt", Some("陈")),
            ("WhatsApp Chat - Anna", Some("Anna")),
            ("_chat.txt", None),
            ("WhatsApp Chat with .txt", None),
            ("İWhatsApp.txt", Some("İWhatsApp")),
            ("", None),
        ] {
            assert_eq!(chat_name(file).as_deref(), name, "{file}");
        }
    }
}
