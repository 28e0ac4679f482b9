//! Encryption for those who come from other machines.

use glasshouse_engine::EngineError;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// Time to agree on keys; who takes longer is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at once.
const MOST_HANDSHAKES: usize = 64;

/// Connections that are encrypted already.
pub struct Encrypted {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl Encrypted {
    /// Accepts connections with a certificate; must be called within the runtime.
    pub fn new(listener: TcpListener, config: ServerConfig) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (give, ready) = mpsc::channel(MOST_HANDSHAKES);
        tokio::spawn(async move {
            let room = Arc::new(Semaphore::new(MOST_HANDSHAKES));
            loop {
                let Ok(place) = room.clone().acquire_owned().await else { return };
                // One connection that fails is one browser's trouble; out of file descriptors passes, too.
                let Ok((stream, from)) = listener.accept().await else {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                let (acceptor, give) = (acceptor.clone(), give.clone());
                tokio::spawn(async move {
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        let _ = give.send((stream, from)).await;
                    }
                    drop(place);
                });
            }
        });
        Ok(Encrypted { ready, address })
    }
}

impl axum::serve::Listener for Encrypted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(one) => one,
            // The task that accepts ends with the runtime only.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Reads a certificate with its chain, and its key, both in PEM.
pub fn config(certificate: &Path, key: &Path) -> Result<ServerConfig, EngineError> {
    let wrong = |path: &Path, why: String| {
        EngineError::other(format!(
            "{} cannot be used: {why}. Give --tls-cert and --tls-key as PEM files.",
            path.display()
        ))
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| wrong(certificate, e.to_string()))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(key, e.to_string()))?;
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|e| wrong(certificate, e.to_string()))
}
