use super::{Name, Property, kind};

/// How a field's value is written, so that a name has one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Text,
    Int,
    Float,
    Bool,
}

/// Sets of named properties that end alike (`-0000-0000-C000-000000000046`), by their first four bytes.
pub(super) const APPOINTMENT: u32 = 0x0006_2002;
pub(super) const TASK: u32 = 0x0006_2003;
pub(super) const ADDRESS: u32 = 0x0006_2004;
pub(super) const COMMON: u32 = 0x0006_2008;
pub(super) const LOG: u32 = 0x0006_200A;
const NOTE: u32 = 0x0006_200E;
/// The set of names that users and programs make up.
const PUBLIC_STRINGS: u32 = 0x0002_0329;
const INTERNET_HEADERS: u32 = 0x0002_0386;

/// Returns the GUID of a set as its bytes lie in a file.
pub(super) fn set(first: u32) -> [u8; 16] {
    let mut guid = [0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];
    guid.iter_mut().zip(first.to_le_bytes()).for_each(|(to, from)| *to = from);
    guid
}

/// Returns a GUID as it is written.
pub(super) fn guid(bytes: &[u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let (first, last) = rest.split_at(2);
    format!(
        "{{{:08X}-{:04X}-{:04X}-{}-{}}}",
        u32::from_le_bytes([*a, *b, *c, *d]),
        u16::from_le_bytes([*e, *f]),
        u16::from_le_bytes([*g, *h]),
        hex::encode_upper(first),
        hex::encode_upper(last)
    )
}

/// Returns the name of a property's field and how its value is written.
///
/// A known property has its canonical name ([MS-OXPROPS]). Any other has its set and name, or its tag in hexadecimal,
/// with its type: two properties that differ in it are two fields.
pub(super) fn field(property: &Property) -> (String, Expected) {
    let expected = match property.kind {
        kind::INT16 | kind::INT32 | kind::INT64 | kind::CURRENCY | kind::ERROR => Expected::Int,
        kind::FLOAT32 | kind::FLOAT64 | kind::FLOATING_TIME => Expected::Float,
        kind::BOOL => Expected::Bool,
        _ => Expected::Text,
    };
    let tag_kind = property.kind | if property.many { kind::MANY } else { 0 };
    let name = match &property.name {
        Some(named) => {
            let known = match &named.name {
                Name::Number(number) => {
                    NAMED.iter().find(|(s, n, k, _)| set(*s) == named.set && n == number && *k == tag_kind)
                }
                Name::Text(_) => None,
            };
            match (known, &named.name) {
                (Some((.., name)), _) => (*name).to_owned(),
                (None, Name::Number(n)) => format!("{}/0x{n:04X}:{tag_kind:04X}", guid(&named.set)),
                (None, Name::Text(text)) if named.set == set(INTERNET_HEADERS) && tag_kind == kind::STRING => {
                    format!("header {}", text.to_lowercase())
                }
                (None, Name::Text(text)) if named.set == set(PUBLIC_STRINGS) => format!("{text}:{tag_kind:04X}"),
                (None, Name::Text(text)) => format!("{}/{text}:{tag_kind:04X}", guid(&named.set)),
            }
        }
        None => match KNOWN.iter().find(|(id, k, _)| *id == property.id && same(*k, tag_kind)) {
            Some((.., name)) => (*name).to_owned(),
            None => format!("0x{:04X}{tag_kind:04X}", property.id),
        },
    };
    (name, expected)
}

fn same(known: u16, found: u16) -> bool {
    known == found || (known == kind::STRING && found == kind::STRING8)
}

const S: u16 = kind::STRING;
const I: u16 = kind::INT32;
const B: u16 = kind::BOOL;
const T: u16 = kind::TIME;
const X: u16 = kind::BINARY;

/// Properties by id, with their type and canonical name.
#[rustfmt::skip]
const KNOWN: &[(u16, u16, &str)] = &[
    (0x0002, B, "PidTagAlternateRecipientAllowed"), (0x0017, I, "PidTagImportance"),
    (0x001A, S, "PidTagMessageClass"), (0x0023, B, "PidTagOriginatorDeliveryReportRequested"),
    (0x0026, I, "PidTagPriority"), (0x0029, B, "PidTagReadReceiptRequested"), (0x0032, T, "PidTagReportTime"),
    (0x0036, I, "PidTagSensitivity"), (0x0037, S, "PidTagSubject"), (0x0039, T, "PidTagClientSubmitTime"),
    (0x003B, X, "PidTagSentRepresentingSearchKey"), (0x003D, S, "PidTagSubjectPrefix"),
    (0x003F, X, "PidTagReceivedByEntryId"), (0x0040, S, "PidTagReceivedByName"),
    (0x0041, X, "PidTagSentRepresentingEntryId"), (0x0042, S, "PidTagSentRepresentingName"),
    (0x0043, X, "PidTagReceivedRepresentingEntryId"), (0x0044, S, "PidTagReceivedRepresentingName"),
    (0x004F, X, "PidTagReplyRecipientEntries"), (0x0050, S, "PidTagReplyRecipientNames"),
    (0x0051, X, "PidTagReceivedBySearchKey"), (0x0052, X, "PidTagReceivedRepresentingSearchKey"),
    (0x0057, B, "PidTagMessageToMe"), (0x0058, B, "PidTagMessageCcMe"), (0x0060, T, "PidTagStartDate"),
    (0x0061, T, "PidTagEndDate"), (0x0063, B, "PidTagResponseRequested"),
    (0x0064, S, "PidTagSentRepresentingAddressType"), (0x0065, S, "PidTagSentRepresentingEmailAddress"),
    (0x0070, S, "PidTagConversationTopic"), (0x0071, X, "PidTagConversationIndex"),
    (0x0075, S, "PidTagReceivedByAddressType"), (0x0076, S, "PidTagReceivedByEmailAddress"),
    (0x0077, S, "PidTagReceivedRepresentingAddressType"), (0x0078, S, "PidTagReceivedRepresentingEmailAddress"),
    (0x007D, S, "PidTagTransportMessageHeaders"), (0x0C17, B, "PidTagReplyRequested"),
    (0x0C19, X, "PidTagSenderEntryId"), (0x0C1A, S, "PidTagSenderName"), (0x0C1D, X, "PidTagSenderSearchKey"),
    (0x0C1E, S, "PidTagSenderAddressType"), (0x0C1F, S, "PidTagSenderEmailAddress"),
    (0x0E01, B, "PidTagDeleteAfterSubmit"), (0x0E02, S, "PidTagDisplayBcc"), (0x0E03, S, "PidTagDisplayCc"),
    (0x0E04, S, "PidTagDisplayTo"), (0x0E06, T, "PidTagMessageDeliveryTime"), (0x0E07, I, "PidTagMessageFlags"),
    (0x0E08, I, "PidTagMessageSize"), (0x0E17, I, "PidTagMessageStatus"), (0x0E1B, B, "PidTagHasAttachments"),
    (0x0E1D, S, "PidTagNormalizedSubject"), (0x0E1F, B, "PidTagRtfInSync"), (0x0E23, I, "PidTagInternetArticleNumber"),
    (0x0E28, S, "PidTagPrimarySendAccount"), (0x0E29, S, "PidTagNextSendAcct"), (0x0E69, B, "PidTagRead"),
    (0x0FF4, I, "PidTagAccess"), (0x0FF7, I, "PidTagAccessLevel"), (0x0FFF, X, "PidTagEntryId"),
    (0x1000, S, "PidTagBody"), (0x1009, X, "PidTagRtfCompressed"), (0x1013, X, "PidTagHtml"),
    (0x1035, S, "PidTagInternetMessageId"), (0x1039, S, "PidTagInternetReferences"), (0x1042, S, "PidTagInReplyToId"),
    (0x1043, S, "PidTagListHelp"), (0x1044, S, "PidTagListSubscribe"), (0x1045, S, "PidTagListUnsubscribe"),
    (0x1046, S, "PidTagInternetReturnPath"), (0x1080, I, "PidTagIconIndex"), (0x1081, I, "PidTagLastVerbExecuted"),
    (0x1082, T, "PidTagLastVerbExecutionTime"), (0x1090, I, "PidTagFlagStatus"), (0x1091, T, "PidTagFlagCompleteTime"),
    (0x1095, I, "PidTagFollowupIcon"), (0x1096, I, "PidTagBlockStatus"), (0x10F3, S, "PidTagUrlCompName"),
    (0x10F4, B, "PidTagAttributeHidden"), (0x10F6, B, "PidTagAttributeReadOnly"), (0x3001, S, "PidTagDisplayName"),
    (0x3002, S, "PidTagAddressType"), (0x3003, S, "PidTagEmailAddress"), (0x3004, S, "PidTagComment"),
    (0x3007, T, "PidTagCreationTime"), (0x3008, T, "PidTagLastModificationTime"), (0x300B, X, "PidTagSearchKey"),
    (0x3010, X, "PidTagTargetEntryId"), (0x3013, X, "PidTagConversationId"),
    (0x3016, B, "PidTagConversationIndexTracking"), (0x340D, I, "PidTagStoreSupportMask"), (0x3A00, S, "PidTagAccount"),
    (0x3A02, S, "PidTagCallbackTelephoneNumber"), (0x3A05, S, "PidTagGeneration"), (0x3A06, S, "PidTagGivenName"),
    (0x3A07, S, "PidTagGovernmentIdNumber"), (0x3A08, S, "PidTagBusinessTelephoneNumber"),
    (0x3A09, S, "PidTagHomeTelephoneNumber"), (0x3A0A, S, "PidTagInitials"), (0x3A0B, S, "PidTagKeyword"),
    (0x3A0C, S, "PidTagLanguage"), (0x3A0D, S, "PidTagLocation"), (0x3A11, S, "PidTagSurname"),
    (0x3A15, S, "PidTagPostalAddress"), (0x3A16, S, "PidTagCompanyName"), (0x3A17, S, "PidTagTitle"),
    (0x3A18, S, "PidTagDepartmentName"), (0x3A19, S, "PidTagOfficeLocation"),
    (0x3A1A, S, "PidTagPrimaryTelephoneNumber"), (0x3A1B, S, "PidTagBusiness2TelephoneNumber"),
    (0x3A1C, S, "PidTagMobileTelephoneNumber"), (0x3A1D, S, "PidTagRadioTelephoneNumber"),
    (0x3A1E, S, "PidTagCarTelephoneNumber"), (0x3A1F, S, "PidTagOtherTelephoneNumber"),
    (0x3A20, S, "PidTagTransmittableDisplayName"), (0x3A21, S, "PidTagPagerTelephoneNumber"),
    (0x3A23, S, "PidTagPrimaryFaxNumber"), (0x3A24, S, "PidTagBusinessFaxNumber"), (0x3A25, S, "PidTagHomeFaxNumber"),
    (0x3A26, S, "PidTagCountry"), (0x3A27, S, "PidTagLocality"), (0x3A28, S, "PidTagStateOrProvince"),
    (0x3A29, S, "PidTagStreetAddress"), (0x3A2A, S, "PidTagPostalCode"), (0x3A2B, S, "PidTagPostOfficeBox"),
    (0x3A2C, S, "PidTagTelexNumber"), (0x3A2D, S, "PidTagIsdnNumber"), (0x3A2E, S, "PidTagAssistantTelephoneNumber"),
    (0x3A2F, S, "PidTagHome2TelephoneNumber"), (0x3A30, S, "PidTagAssistant"), (0x3A40, B, "PidTagSendRichInfo"),
    (0x3A41, T, "PidTagWeddingAnniversary"), (0x3A42, T, "PidTagBirthday"), (0x3A43, S, "PidTagHobbies"),
    (0x3A44, S, "PidTagMiddleName"), (0x3A45, S, "PidTagDisplayNamePrefix"), (0x3A46, S, "PidTagProfession"),
    (0x3A47, S, "PidTagReferredByName"), (0x3A48, S, "PidTagSpouseName"), (0x3A49, S, "PidTagComputerNetworkName"),
    (0x3A4A, S, "PidTagCustomerId"), (0x3A4C, S, "PidTagFtpSite"), (0x3A4D, kind::INT16, "PidTagGender"),
    (0x3A4E, S, "PidTagManagerName"), (0x3A4F, S, "PidTagNickname"), (0x3A50, S, "PidTagPersonalHomePage"),
    (0x3A51, S, "PidTagBusinessHomePage"), (0x3A57, S, "PidTagCompanyMainTelephoneNumber"),
    (0x3A58, S | kind::MANY, "PidTagChildrensNames"), (0x3A59, S, "PidTagHomeAddressCity"),
    (0x3A5A, S, "PidTagHomeAddressCountry"), (0x3A5B, S, "PidTagHomeAddressPostalCode"),
    (0x3A5C, S, "PidTagHomeAddressStateOrProvince"), (0x3A5D, S, "PidTagHomeAddressStreet"),
    (0x3A5F, S, "PidTagOtherAddressCity"), (0x3A60, S, "PidTagOtherAddressCountry"),
    (0x3A61, S, "PidTagOtherAddressPostalCode"), (0x3A62, S, "PidTagOtherAddressStateOrProvince"),
    (0x3A63, S, "PidTagOtherAddressStreet"), (0x3FDE, I, "PidTagInternetCodepage"),
    (0x3FF1, I, "PidTagMessageLocaleId"), (0x3FF8, S, "PidTagCreatorName"), (0x3FF9, X, "PidTagCreatorEntryId"),
    (0x3FFA, S, "PidTagLastModifierName"), (0x3FFB, X, "PidTagLastModifierEntryId"),
    (0x3FFD, I, "PidTagMessageCodepage"), (0x5902, I, "PidTagInternetMailOverrideFormat"),
    (0x5909, I, "PidTagMessageEditorFormat"), (0x5D01, S, "PidTagSenderSmtpAddress"),
    (0x5D02, S, "PidTagSentRepresentingSmtpAddress"), (0x5D07, S, "PidTagReceivedBySmtpAddress"),
    (0x5D08, S, "PidTagReceivedRepresentingSmtpAddress"), (0x65E2, X, "PidTagChangeKey"),
    (0x65E3, X, "PidTagPredecessorChangeList"),
];

/// Named properties by set, number and type, with their canonical name.
#[rustfmt::skip]
const NAMED: &[(u32, u32, u16, &str)] = &[
    (APPOINTMENT, 0x8201, I, "PidLidAppointmentSequence"), (APPOINTMENT, 0x8205, I, "PidLidBusyStatus"),
    (APPOINTMENT, 0x8208, S, "PidLidLocation"), (APPOINTMENT, 0x820D, T, "PidLidAppointmentStartWhole"),
    (APPOINTMENT, 0x820E, T, "PidLidAppointmentEndWhole"), (APPOINTMENT, 0x8213, I, "PidLidAppointmentDuration"),
    (APPOINTMENT, 0x8214, I, "PidLidAppointmentColor"), (APPOINTMENT, 0x8215, B, "PidLidAppointmentSubType"),
    (APPOINTMENT, 0x8216, X, "PidLidAppointmentRecur"), (APPOINTMENT, 0x8217, I, "PidLidAppointmentStateFlags"),
    (APPOINTMENT, 0x8218, I, "PidLidResponseStatus"), (APPOINTMENT, 0x8223, B, "PidLidRecurring"),
    (APPOINTMENT, 0x8228, T, "PidLidExceptionReplaceTime"), (APPOINTMENT, 0x8229, B, "PidLidFInvited"),
    (APPOINTMENT, 0x8231, I, "PidLidRecurrenceType"), (APPOINTMENT, 0x8232, S, "PidLidRecurrencePattern"),
    (APPOINTMENT, 0x8233, X, "PidLidTimeZoneStruct"), (APPOINTMENT, 0x8234, S, "PidLidTimeZoneDescription"),
    (APPOINTMENT, 0x8235, T, "PidLidClipStart"), (APPOINTMENT, 0x8236, T, "PidLidClipEnd"),
    (APPOINTMENT, 0x8238, S, "PidLidAllAttendeesString"), (APPOINTMENT, 0x823B, S, "PidLidToAttendeesString"),
    (APPOINTMENT, 0x823C, S, "PidLidCcAttendeesString"), (TASK, 0x8101, I, "PidLidTaskStatus"),
    (TASK, 0x8102, kind::FLOAT64, "PidLidPercentComplete"), (TASK, 0x8103, B, "PidLidTeamTask"),
    (TASK, 0x8104, T, "PidLidTaskStartDate"), (TASK, 0x8105, T, "PidLidTaskDueDate"),
    (TASK, 0x810F, T, "PidLidTaskDateCompleted"), (TASK, 0x8110, I, "PidLidTaskActualEffort"),
    (TASK, 0x8111, I, "PidLidTaskEstimatedEffort"), (TASK, 0x8112, I, "PidLidTaskVersion"),
    (TASK, 0x8113, I, "PidLidTaskState"), (TASK, 0x811C, B, "PidLidTaskComplete"), (TASK, 0x811F, S, "PidLidTaskOwner"),
    (TASK, 0x8121, S, "PidLidTaskAssigner"), (TASK, 0x8126, B, "PidLidTaskFRecurring"),
    (ADDRESS, 0x8005, S, "PidLidFileUnder"), (ADDRESS, 0x801A, S, "PidLidHomeAddress"),
    (ADDRESS, 0x801B, S, "PidLidWorkAddress"), (ADDRESS, 0x801C, S, "PidLidOtherAddress"),
    (ADDRESS, 0x8022, I, "PidLidPostalAddressId"), (ADDRESS, 0x802B, S, "PidLidHtml"),
    (ADDRESS, 0x8045, S, "PidLidWorkAddressStreet"), (ADDRESS, 0x8046, S, "PidLidWorkAddressCity"),
    (ADDRESS, 0x8047, S, "PidLidWorkAddressState"), (ADDRESS, 0x8048, S, "PidLidWorkAddressPostalCode"),
    (ADDRESS, 0x8049, S, "PidLidWorkAddressCountry"), (ADDRESS, 0x8053, S, "PidLidDistributionListName"),
    (ADDRESS, 0x8054, X | kind::MANY, "PidLidDistributionListOneOffMembers"),
    (ADDRESS, 0x8055, X | kind::MANY, "PidLidDistributionListMembers"),
    (ADDRESS, 0x8062, S, "PidLidInstantMessagingAddress"), (ADDRESS, 0x8080, S, "PidLidEmail1DisplayName"),
    (ADDRESS, 0x8082, S, "PidLidEmail1AddressType"), (ADDRESS, 0x8083, S, "PidLidEmail1EmailAddress"),
    (ADDRESS, 0x8084, S, "PidLidEmail1OriginalDisplayName"), (ADDRESS, 0x8090, S, "PidLidEmail2DisplayName"),
    (ADDRESS, 0x8092, S, "PidLidEmail2AddressType"), (ADDRESS, 0x8093, S, "PidLidEmail2EmailAddress"),
    (ADDRESS, 0x8094, S, "PidLidEmail2OriginalDisplayName"), (ADDRESS, 0x80A0, S, "PidLidEmail3DisplayName"),
    (ADDRESS, 0x80A2, S, "PidLidEmail3AddressType"), (ADDRESS, 0x80A3, S, "PidLidEmail3EmailAddress"),
    (ADDRESS, 0x80A4, S, "PidLidEmail3OriginalDisplayName"), (COMMON, 0x8501, I, "PidLidReminderDelta"),
    (COMMON, 0x8502, T, "PidLidReminderTime"), (COMMON, 0x8503, B, "PidLidReminderSet"),
    (COMMON, 0x8506, B, "PidLidPrivate"), (COMMON, 0x8510, I, "PidLidSideEffects"),
    (COMMON, 0x8516, T, "PidLidCommonStart"), (COMMON, 0x8517, T, "PidLidCommonEnd"),
    (COMMON, 0x8530, S, "PidLidFlagRequest"), (COMMON, 0x8539, S | kind::MANY, "PidLidCompanies"),
    (COMMON, 0x853A, S | kind::MANY, "PidLidContacts"), (COMMON, 0x8552, I, "PidLidCurrentVersion"),
    (COMMON, 0x8554, S, "PidLidCurrentVersionName"), (COMMON, 0x8560, T, "PidLidReminderSignalTime"),
    (COMMON, 0x8580, S, "PidLidInternetAccountName"), (COMMON, 0x8581, S, "PidLidInternetAccountStamp"),
    (LOG, 0x8700, S, "PidLidLogType"), (LOG, 0x8706, T, "PidLidLogStart"), (LOG, 0x8707, I, "PidLidLogDuration"),
    (LOG, 0x8708, T, "PidLidLogEnd"), (LOG, 0x870C, I, "PidLidLogFlags"), (LOG, 0x8712, S, "PidLidLogTypeDesc"),
    (NOTE, 0x8B00, I, "PidLidNoteColor"), (NOTE, 0x8B02, I, "PidLidNoteWidth"), (NOTE, 0x8B03, I, "PidLidNoteHeight"),
    (NOTE, 0x8B04, I, "PidLidNoteX"), (NOTE, 0x8B05, I, "PidLidNoteY"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_are_written_as_usual() {
        assert_eq!(guid(&set(APPOINTMENT)), "{00062002-0000-0000-C000-000000000046}");
    }
}
