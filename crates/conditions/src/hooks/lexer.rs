//! Splits shell text into simple commands. Total on any input: what is left open ends with the
//! text.
//!
//! It knows quotes, comments, substitutions, here-documents, redirections, `case` patterns and
//! function headings; it expands nothing. Reserved words stay in front of their command.

/// One simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Simple {
    /// Its words without quotes; `$name` stays as written, a substitution becomes `$()`.
    pub words: Vec<String>,
    /// Files that its output goes to.
    pub targets: Vec<String>,
    /// Text that it reads: here-documents and here-strings.
    pub input: Vec<String>,
    /// The line of its first word, counted from 1.
    pub line: usize,
    /// Its output goes to the next command.
    pub pipes: bool,
}

/// What a text consists of.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// Its commands, in order.
    pub commands: Vec<Simple>,
    /// The insides of `$(...)`, `` `...` `` and `<(...)`, each with its first line.
    pub substitutions: Vec<(String, usize)>,
}

/// Splits `script`.
pub(super) fn parse(script: &str) -> Parsed {
    let mut lexer = Lexer::new(script);
    lexer.run();
    lexer.parsed
}

struct HereDocument {
    delimiter: String,
    strips_tabs: bool,
    /// The index that its command has, or will have, in the output.
    command: usize,
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    parsed: Parsed,
    current: Simple,
    here: Vec<HereDocument>,
    cases: usize,
    in_pattern: bool,
}

impl Lexer {
    fn new(script: &str) -> Self {
        Self {
            chars: script.chars().collect(),
            at: 0,
            line: 1,
            parsed: Parsed::default(),
            current: Simple::default(),
            here: Vec::new(),
            cases: 0,
            in_pattern: false,
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_next = self.peek(0) == Some(wanted);
        if is_next {
            self.bump();
        }
        is_next
    }

    fn run(&mut self) {
        while let Some(c) = self.peek(0) {
            match c {
                '\n' => {
                    self.bump();
                    self.end(false);
                    self.read_here_documents();
                }
                ' ' | '\t' | '\r' => {
                    self.bump();
                }
                '\\' if self.peek(1) == Some('\n') => {
                    self.bump();
                    self.bump();
                }
                '#' => self.skip_comment(),
                ';' | '&' | '|' | '(' | ')' => self.operator(c),
                '<' | '>' => self.redirection(),
                _ => self.word(),
            }
        }
        self.end(false);
    }

    fn skip_comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.bump();
        }
    }

    fn operator(&mut self, c: char) {
        self.bump();
        match c {
            ';' => {
                self.end(false);
                if self.take(';') {
                    self.take('&');
                    self.in_pattern = self.cases > 0;
                }
            }
            '&' if self.peek(0) == Some('>') => self.redirection(),
            '&' => {
                self.take('&');
                self.end(false);
            }
            '|' => {
                let pipes = !self.take('|');
                self.take('&');
                self.end(pipes);
            }
            '(' if self.peek(0) == Some(')') && self.current.words.len() == 1 => {
                self.bump();
                self.current = Simple::default();
            }
            ')' if self.in_pattern => {
                self.in_pattern = false;
                self.current = Simple::default();
            }
            _ => self.end(false),
        }
    }

    /// Ends the current command.
    fn end(&mut self, pipes: bool) {
        let mut command = std::mem::take(&mut self.current);
        if self.in_pattern || (command.words.is_empty() && command.targets.is_empty()) {
            return;
        }
        command.pipes = pipes;
        self.parsed.commands.push(command);
    }

    fn word(&mut self) {
        let line = self.line;
        let (text, quoted) = self.read_word();
        let is_number = !quoted && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if is_number && matches!(self.peek(0), Some('<' | '>')) {
            return;
        }
        if !quoted && text == "esac" && (self.in_pattern || self.current.words.is_empty()) {
            self.cases = self.cases.saturating_sub(1);
            self.in_pattern = false;
            self.current = Simple::default();
            return;
        }
        if self.current.words.is_empty() {
            self.current.line = line;
        }
        self.current.words.push(text);
        self.open_case();
    }

    /// `case WORD in` (after any reserved words) turns what follows into patterns.
    fn open_case(&mut self) {
        let words = &self.current.words;
        let opens =
            words.len() >= 3 && words[words.len() - 1] == "in" && words[words.len() - 3] == "case";
        if opens {
            self.cases += 1;
            self.in_pattern = true;
            self.current = Simple::default();
        }
    }

    /// Reads one word; the flag tells whether any of it was quoted.
    fn read_word(&mut self) -> (String, bool) {
        let (mut text, mut quoted) = (String::new(), false);
        while let Some(c) = self.peek(0) {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\'' => {
                    quoted = true;
                    self.bump();
                    self.read_single_quoted(&mut text);
                }
                '"' => {
                    quoted = true;
                    self.bump();
                    self.read_double_quoted(&mut text);
                }
                '\\' => {
                    self.bump();
                    match self.bump() {
                        Some('\n') | None => {}
                        Some(escaped) => text.push(escaped),
                    }
                }
                '$' => self.read_dollar(&mut text),
                '`' => self.read_backquoted(&mut text),
                _ => {
                    self.bump();
                    text.push(c);
                }
            }
        }
        (text, quoted)
    }

    fn read_single_quoted(&mut self, text: &mut String) {
        while let Some(c) = self.bump() {
            if c == '\'' {
                return;
            }
            text.push(c);
        }
    }

    fn read_double_quoted(&mut self, text: &mut String) {
        while let Some(c) = self.peek(0) {
            match c {
                '"' => {
                    self.bump();
                    return;
                }
                '\\' => {
                    self.bump();
                    match self.bump() {
                        Some('\n') | None => {}
                        Some(kept @ ('"' | '\\' | '$' | '`')) => text.push(kept),
                        Some(other) => text.extend(['\\', other]),
                    }
                }
                '$' => self.read_dollar(text),
                '`' => self.read_backquoted(text),
                _ => {
                    self.bump();
                    text.push(c);
                }
            }
        }
    }

    fn read_dollar(&mut self, text: &mut String) {
        self.bump();
        match self.peek(0) {
            Some('(') => {
                self.bump();
                self.read_substitution();
                text.push_str("$()");
            }
            Some('{') => {
                text.push('$');
                while let Some(c) = self.bump() {
                    text.push(c);
                    if c == '}' {
                        return;
                    }
                }
            }
            _ => text.push('$'),
        }
    }

    /// Reads to the parenthesis that closes the one just read.
    fn read_substitution(&mut self) {
        let (line, start) = (self.line, self.at);
        let mut depth = 1_usize;
        while let Some(c) = self.bump() {
            match c {
                '\\' => {
                    self.bump();
                }
                '\'' => self.read_single_quoted(&mut String::new()),
                '"' => self.skip_double_quoted(),
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        let end = if depth == 0 { self.at - 1 } else { self.at };
        let inside = self.chars[start..end].iter().collect();
        self.parsed.substitutions.push((inside, line));
    }

    fn skip_double_quoted(&mut self) {
        while let Some(c) = self.bump() {
            match c {
                '"' => return,
                '\\' => {
                    self.bump();
                }
                _ => {}
            }
        }
    }

    fn read_backquoted(&mut self, text: &mut String) {
        self.bump();
        let line = self.line;
        let mut inside = String::new();
        while let Some(c) = self.bump() {
            match c {
                '`' => break,
                '\\' => inside.extend(self.bump()),
                _ => inside.push(c),
            }
        }
        self.parsed.substitutions.push((inside, line));
        text.push_str("$()");
    }

    fn redirection(&mut self) {
        let is_output = self.bump() == Some('>');
        if is_output {
            let _ = self.take('>') || self.take('|') || self.take('&');
        } else if self.take('<') {
            self.here_text();
            return;
        } else {
            let _ = self.take('>') || self.take('&');
        }
        if self.take('(') {
            self.read_substitution();
            return;
        }
        self.skip_blanks();
        let target = self.read_word().0;
        if is_output {
            self.current.targets.push(target);
        }
    }

    /// What follows `<<`: a here-string, or the head of a here-document.
    fn here_text(&mut self) {
        if self.take('<') {
            self.skip_blanks();
            let text = self.read_word().0;
            self.current.input.push(text);
            return;
        }
        let strips_tabs = self.take('-');
        self.skip_blanks();
        let delimiter = self.read_word().0;
        let command = self.parsed.commands.len();
        self.here.push(HereDocument {
            delimiter,
            strips_tabs,
            command,
        });
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(0), Some(' ' | '\t')) {
            self.bump();
        }
    }

    fn read_here_documents(&mut self) {
        for document in std::mem::take(&mut self.here) {
            let body = self.read_here_body(&document);
            if let Some(command) = self.parsed.commands.get_mut(document.command) {
                command.input.push(body);
            }
        }
    }

    fn read_here_body(&mut self, document: &HereDocument) -> String {
        let mut body = String::new();
        while self.peek(0).is_some() {
            let mut line = String::new();
            while let Some(c) = self.bump() {
                if c == '\n' {
                    break;
                }
                line.push(c);
            }
            let plain = if document.strips_tabs {
                line.trim_start_matches('\t')
            } else {
                &line
            };
            if plain == document.delimiter {
                break;
            }
            body.push_str(plain);
            body.push('\n');
        }
        body
    }
}
