//! A client's session against a model of a channel that delays, loses, repeats and mangles: no
//! answer is ever given to another call, and a channel that has become sound is used again.
//!
//! The model's agent answers each command with the command's own argument, so that an answer in
//! the wrong hands shows.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use qga::commands::Command;
use qga::{
    Answer, CallError, CallId, ClientSession, Reply, ReplyLimits, Request, RequestDecoder,
    RequestEvent, RequestLimits,
};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(5);
const LIMITS: ReplyLimits = ReplyLimits {
    line_bytes: 256,
    values: 32,
};

/// What the agent knows about ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    Echoes,
    Ignores,
    Refuses,
}

/// What becomes of one reply.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    Lost,
    Repeated,
    /// It and all after it wait until the next call.
    Late,
    Mangled,
    TooLong,
    AfterNoise,
    /// An older reply, whichever, comes again before it.
    AfterAnOldOne(usize),
}

fn fate(age: Age) -> BoxedStrategy<Fate> {
    let any_agent = prop_oneof![
        4 => Just(Fate::Arrives),
        1 => Just(Fate::Lost),
        2 => Just(Fate::Late),
        1 => Just(Fate::Mangled),
        1 => Just(Fate::TooLong),
        1 => Just(Fate::AfterNoise),
    ];
    if age != Age::Echoes {
        // Without ids a reply has nothing but its place in the order.
        return any_agent.boxed();
    }
    prop_oneof![
        6 => any_agent,
        1 => Just(Fate::Repeated),
        2 => any::<usize>().prop_map(Fate::AfterAnOldOne),
    ]
    .boxed()
}

fn scenario() -> impl Strategy<Value = (Age, Vec<Vec<Fate>>, usize)> {
    let age = prop::sample::select(vec![Age::Echoes, Age::Echoes, Age::Ignores, Age::Refuses]);
    age.prop_flat_map(|age| {
        let call = prop::collection::vec(fate(age), 4);
        (Just(age), prop::collection::vec(call, 1..12), 1..40_usize)
    })
}

struct Agent {
    age: Age,
    decoder: RequestDecoder,
    /// What is on its way to the client.
    pipe: VecDeque<Vec<u8>>,
    /// What waits for the next call.
    held: VecDeque<Vec<u8>>,
    holding: bool,
    said: Vec<Vec<u8>>,
}

impl Agent {
    fn new(age: Age) -> Self {
        Self {
            age,
            decoder: RequestDecoder::new(RequestLimits::default()),
            pipe: VecDeque::new(),
            held: VecDeque::new(),
            holding: false,
            said: Vec::new(),
        }
    }

    fn hear(&mut self, mut bytes: &[u8], fates: &mut impl Iterator<Item = Fate>) {
        while let Some(event) = self.decoder.next_event(&mut bytes) {
            let reply = match event {
                RequestEvent::Request(request) => self.answer(&request),
                RequestEvent::Rejected(rejected) => rejected.into_reply().encode(),
            };
            self.send(reply, fates.next().unwrap_or(Fate::Arrives));
        }
    }

    fn answer(&self, request: &Request) -> Vec<u8> {
        let id = match (self.age, &request.id) {
            (Age::Echoes, id) => id.clone(),
            (Age::Refuses, Some(_)) => {
                let desc = "QMP input object member 'id' is unexpected";
                let answer = Answer::Error(qga::AgentError::generic(desc));
                return Reply { answer, id: None }.encode();
            }
            _ => None,
        };
        let argument = request
            .arguments
            .as_ref()
            .and_then(|object| object.get("id"));
        let answer = Answer::Return(argument.cloned().unwrap_or_default());
        let reply = Reply { answer, id };
        if request.execute == "guest-sync-delimited" {
            reply.encode_delimited()
        } else {
            reply.encode()
        }
    }

    fn send(&mut self, reply: Vec<u8>, fate: Fate) {
        self.holding |= matches!(fate, Fate::Late);
        let mut pieces = match fate {
            Fate::Arrives | Fate::Late => vec![reply.clone()],
            Fate::Lost => Vec::new(),
            Fate::Repeated => vec![reply.clone(), reply.clone()],
            Fate::Mangled => vec![reply[..reply.len() / 2].to_vec(), b"\n".to_vec()],
            Fate::TooLong => vec![vec![b'x'; 300], b"\n".to_vec()],
            Fate::AfterNoise => vec![b"login: \n\xFF\xFF{\"a\": 1}\n".to_vec(), reply.clone()],
            Fate::AfterAnOldOne(which) => {
                let old = self.said.get(which % self.said.len().max(1)).cloned();
                vec![old.unwrap_or_default(), reply.clone()]
            }
        };
        // A delimiter stays the last thing before its line.
        pieces.retain(|piece| !piece.is_empty());
        self.said.push(reply);
        let queue = if self.holding {
            &mut self.held
        } else {
            &mut self.pipe
        };
        queue.extend(pieces);
    }

    fn release(&mut self) {
        self.holding = false;
        self.pipe.append(&mut self.held);
    }
}

/// One call, until its outcome.
fn call(
    session: &mut ClientSession,
    agent: &mut Agent,
    number: u64,
    fates: Vec<Fate>,
    piece: usize,
    now: &mut Instant,
) -> Result<Value, CallError> {
    let mut fates = fates.into_iter();
    let command = Command::new("echo", json!({ "id": format!("call {number}") }));
    session.start(command, CallId::new(number), *now + DEADLINE);
    loop {
        while let Some(bytes) = session.poll_output() {
            agent.hear(&bytes, &mut fates);
        }
        if let Some(outcome) = session.poll_outcome() {
            return outcome;
        }
        match agent.pipe.pop_front() {
            Some(bytes) => bytes
                .chunks(piece)
                .for_each(|bytes| session.handle_bytes(bytes)),
            None => {
                *now = session
                    .poll_timeout()
                    .expect("a call under way has a deadline");
                session.handle_timeout(*now);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_answer_is_given_to_another_call((age, calls, piece) in scenario()) {
        let mut session = ClientSession::new(LIMITS);
        let mut agent = Agent::new(age);
        let mut now = Instant::now();
        let count = calls.len() as u64;
        for (number, fates) in (0..).zip(calls) {
            let outcome = call(&mut session, &mut agent, number, fates, piece, &mut now);
            if let Ok(value) = outcome {
                prop_assert_eq!(value, json!(format!("call {number}")));
            }
            agent.release();
        }
        // The channel is sound from here on: what was under way arrives, and each call succeeds.
        agent.pipe.drain(..).for_each(|bytes| session.handle_bytes(&bytes));
        for number in count..count + 3 {
            let outcome = call(&mut session, &mut agent, number, vec![], piece, &mut now);
            prop_assert_eq!(outcome, Ok(json!(format!("call {number}"))));
        }
    }
}
