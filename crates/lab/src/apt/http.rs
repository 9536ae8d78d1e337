//! As much of HTTP/1.1 as apt needs: GET and HEAD of whole files over connections that stay open.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const LONGEST_HEAD: u64 = 16 * 1024;

#[derive(Debug, PartialEq, Eq)]
struct Request {
    method: String,
    target: String,
}

/// Answers requests for files in `dir` until the client closes the connection.
/// apt sends several requests at once and reads the answers in order.
pub(super) async fn serve<R, W>(mut reader: R, mut writer: W, dir: &Path) -> io::Result<()>
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
{
    while let Some(request) = read_request(&mut reader).await? {
        answer(&request, &mut writer, dir).await?;
        writer.flush().await?;
    }
    Ok(())
}

/// The next request; nothing at the end of the connection or after a head too long to be meant well.
async fn read_request<R: AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<Option<Request>> {
    let mut head = reader.take(LONGEST_HEAD);
    let mut first = String::new();
    head.read_line(&mut first).await?;
    let mut words = first.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Ok(None);
    };
    let request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
    };
    loop {
        let mut line = String::new();
        match head.read_line(&mut line).await? {
            0 => return Ok(None),
            _ if line.trim_end().is_empty() => return Ok(Some(request)),
            _ => {}
        }
    }
}

async fn answer<W: AsyncWrite + Unpin>(
    request: &Request,
    writer: &mut W,
    dir: &Path,
) -> io::Result<()> {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return empty(writer, "405 Method Not Allowed").await;
    }
    let Some(path) = file_of(&request.target, dir) else {
        return empty(writer, "404 Not Found").await;
    };
    let Ok(body) = tokio::fs::read(&path).await else {
        return empty(writer, "404 Not Found").await;
    };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    writer.write_all(head.as_bytes()).await?;
    if request.method == "GET" {
        writer.write_all(&body).await?;
    }
    Ok(())
}

async fn empty<W: AsyncWrite + Unpin>(writer: &mut W, status: &str) -> io::Result<()> {
    writer
        .write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes())
        .await
}

/// The file that `target` names: directly in `dir`, by a plain name with at most `%XX` escapes.
fn file_of(target: &str, dir: &Path) -> Option<PathBuf> {
    let name = unescape(target.trim_start_matches('/').trim_start_matches("./"))?;
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains('/');
    plain.then(|| dir.join(name))
}

fn unescape(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut name = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        name.push(u8::from_str_radix(digits, 16).ok()?);
        name.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn conversation(requests: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("Packages"), "Package: probe\n").unwrap();
        std::fs::write(dir.path().join("a+b~1_all.deb"), "deb").unwrap();
        let mut answers = Vec::new();
        serve(requests.as_bytes(), &mut answers, dir.path())
            .await
            .unwrap();
        String::from_utf8(answers).unwrap()
    }

    #[tokio::test]
    async fn pipelined_requests_are_answered_in_order() {
        let answers = conversation(
            "GET /./Packages HTTP/1.1\r\nHost: x\r\n\r\nHEAD /Packages HTTP/1.1\r\n\r\n\
             GET /./a%2bb%7e1_all.deb HTTP/1.1\r\n\r\n",
        )
        .await;
        assert_eq!(
            answers,
            "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\nPackage: probe\n\
             HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n\
             HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ndeb"
        );
    }

    #[tokio::test]
    async fn what_is_not_in_the_repository_is_not_found() {
        for target in [
            "/",
            "/InRelease",
            "/../secret",
            "/%2e%2e%2fsecret",
            "/%zz",
            "/%",
            "/a/b",
        ] {
            let answer = conversation(&format!("GET {target} HTTP/1.1\r\n\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 404"), "{target}: {answer}");
        }
        let answer = conversation("POST /Packages HTTP/1.1\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    }

    #[tokio::test]
    async fn an_endless_head_ends_the_connection() {
        let answers = conversation(&format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(20_000))).await;
        assert_eq!(answers, "");
    }
}
