//! Texts as mail shows them.

/// Characters of a subject at most.
const LONGEST: usize = 200;

/// A text as one line of a header: no control characters, and not too long.
pub(crate) fn one_line(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let mut line: String = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > LONGEST {
        line = line.chars().take(LONGEST - 1).collect();
        line.push('…');
    }
    if line.is_empty() {
        line.push('—');
    }
    line
}

/// A text as HTML: its paragraphs, and nothing of it as markup.
pub(crate) fn html_of(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let lines: Vec<String> = paragraph.lines().map(escaped).collect();
        format!("<p>{}</p>", lines.join("<br>"))
    });
    let body: Vec<String> = paragraphs.collect();
    format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"></head><body>{}</body></html>",
        body.join("")
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_line() {
        assert_eq!(one_line("Hola\r\nBcc: x"), "Hola Bcc: x");
        assert_eq!(one_line(" \n "), "—");
        assert_eq!(one_line(&"a".repeat(500)).chars().count(), LONGEST);
    }

    #[test]
    fn nothing_of_a_text_is_markup() {
        let html = html_of("Hola <b>Ana</b>\n\"tú\" & yo\n\nAdiós");
        assert!(html.contains("<p>Hola &lt;b&gt;Ana&lt;/b&gt;<br>&quot;tú&quot; &amp; yo</p>"));
        assert!(html.contains("<p>Adiós</p>"));
    }
}
