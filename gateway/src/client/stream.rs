//! One exchange over a stream.

use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::error::SendError;
use super::{QUIET, Sink};

/// Sends a message and reads until the other side closes or is quiet.
///
/// Our side is shut down only when the reply has begun: many line servers take the end for a client
/// that has gone, and drop the reply. A message of no bytes has nothing but the end to be told by.
pub(super) async fn exchange(
    stream: impl AsyncRead + AsyncWrite,
    message: &[u8],
    timeout: Duration,
    sink: &mut Sink<'_>,
) -> Result<(), SendError> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let replying = Notify::new();
    if message.is_empty() {
        replying.notify_one();
    }
    // Beside the reading, since a server may answer before it has read everything.
    let writing = async {
        writer.write_all(message).await?;
        writer.flush().await?;
        replying.notified().await;
        // It fails where the other side has closed already, which is as well.
        let _ = writer.shutdown().await;
        io::Result::Ok(())
    };
    let mut writing = pin!(writing);
    let mut written = None;
    let mut deadline = pin!(sleep(timeout));
    let mut buffer = vec![0; 16 * 1024];
    let mut replied = false;
    loop {
        tokio::select! {
            // What came before a failed write is read nevertheless.
            result = &mut writing, if written.is_none() => written = Some(result),
            read = reader.read(&mut buffer) => match read? {
                0 => break,
                bytes => {
                    sink(&buffer[..bytes]).map_err(SendError::Output)?;
                    replied = true;
                    replying.notify_one();
                    deadline.as_mut().reset(Instant::now() + QUIET);
                }
            },
            () = &mut deadline => match replied {
                true => break,
                false => return Err(SendError::TimedOut(timeout)),
            },
        }
    }
    match written {
        Some(Err(error)) => Err(error.into()),
        _ if replied => Ok(()),
        _ => Err(SendError::NoReply),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::duplex;

    async fn run(
        message: &[u8],
        server: impl AsyncFnOnce(tokio::io::DuplexStream),
    ) -> (Result<(), SendError>, Vec<u8>) {
        // So small that whoever writes everything before reading is stuck.
        let (ours, theirs) = duplex(8);
        let mut got = Vec::new();
        let mut sink = |bytes: &[u8]| {
            got.extend_from_slice(bytes);
            Ok(())
        };
        let client = exchange(ours, message, Duration::from_secs(10), &mut sink);
        let (result, ()) = tokio::join!(client, server(theirs));
        (result, got)
    }

    #[tokio::test(start_paused = true)]
    async fn our_side_stays_open_until_the_reply_begins() {
        let (result, got) = run(b"hi\r\n", async |mut theirs| {
            let mut line = [0; 4];
            theirs.read_exact(&mut line).await.unwrap();
            let early = tokio::time::timeout(Duration::from_secs(5), theirs.read_u8()).await;
            assert!(early.is_err(), "shut down before the reply");
            theirs.write_all(b"ok").await.unwrap();
            assert_eq!(theirs.read(&mut line).await.unwrap(), 0, "and then it is");
            theirs.write_all(b", late").await.unwrap();
        })
        .await;
        result.unwrap();
        assert_eq!(got, b"ok, late");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_echoes_while_it_reads_does_not_lock_us_up() {
        let message = vec![b'x'; 10_000];
        let (result, got) = run(&message, async |theirs| {
            let (mut reader, mut writer) = tokio::io::split(theirs);
            tokio::io::copy(&mut reader, &mut writer).await.unwrap();
        })
        .await;
        result.unwrap();
        assert_eq!(got, message);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_stays_open_is_left_after_a_second_of_quiet() {
        let start = Instant::now();
        let (result, got) = run(b"hi", async |mut theirs| {
            theirs.write_all(b"ok").await.unwrap();
            let mut rest = Vec::new();
            theirs.read_to_end(&mut rest).await.unwrap();
            // Held open until the client has gone.
            let _ = theirs.write_all(&[0; 100]).await;
        })
        .await;
        result.unwrap();
        assert!(got.starts_with(b"ok"));
        assert!(start.elapsed() <= Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn no_reply_is_an_error_of_its_own_and_so_is_a_close_without_one() {
        let (result, _) = run(b"hi", async |mut theirs| {
            let mut line = [0; 2];
            theirs.read_exact(&mut line).await.unwrap();
        })
        .await;
        assert!(matches!(result, Err(SendError::NoReply)), "{result:?}");
        let (result, _) = run(b"hi", async |theirs| {
            tokio::time::sleep(Duration::from_secs(11)).await;
            drop(theirs);
        })
        .await;
        assert_eq!(result.unwrap_err().to_string(), "no reply within 10s");
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_message_is_told_by_the_end() {
        let (result, got) = run(b"", async |mut theirs| {
            assert_eq!(theirs.read(&mut [0; 4]).await.unwrap(), 0);
            theirs.write_all(b"[ctime]").await.unwrap();
        })
        .await;
        result.unwrap();
        assert_eq!(got, b"[ctime]");
    }
}
