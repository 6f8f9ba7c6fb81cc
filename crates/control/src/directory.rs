//! The directory as frames: what a console that begins to watch is sent, cut so that each frame fits, however large the organisation is.
//!
//! Promises: every endpoint, session and request is in exactly one of the frames, but for prompts that follow by themselves; no frame is
//! longer than a peer takes. Both hosts send what is made here.

use caisey_protocol::MAX_MESSAGE_BYTES;
use caisey_protocol::consent::ApprovalView;
use caisey_protocol::http::{EndpointView, SessionView};
use caisey_protocol::watch::DirectoryEvent;
use serde::Serialize;

/// Views in one frame, in bytes of JSON: half of what a frame may have, so that what stands around them has room.
const FRAME_BYTES: usize = MAX_MESSAGE_BYTES / 2;

/// Endpoints and sessions, in as many snapshots as they need; one, if there are none.
///
/// # Errors
/// When a view cannot be written as JSON.
pub fn snapshots(endpoints: Vec<EndpointView>, sessions: Vec<SessionView>) -> Result<Vec<DirectoryEvent>, serde_json::Error> {
    let frame = |endpoints, sessions| DirectoryEvent::Snapshot { endpoints, sessions };
    let mut frames: Vec<_> = cut(endpoints)?.into_iter().map(|some| frame(some, Vec::new())).collect();
    frames.extend(cut(sessions)?.into_iter().map(|some| frame(Vec::new(), some)));
    // Most directories fit into one frame.
    let small = |event: &DirectoryEvent| serde_json::to_string(event).map(|text| text.len() <= FRAME_BYTES / 2);
    Ok(match frames.as_mut_slice() {
        [] => vec![frame(Vec::new(), Vec::new())],
        [first, second] if small(first)? && small(second)? => {
            let both = [std::mem::replace(first, frame(Vec::new(), Vec::new())), second.clone()];
            vec![joined(both)]
        }
        _ => frames,
    })
}

fn joined(parts: [DirectoryEvent; 2]) -> DirectoryEvent {
    let (mut all, mut held) = (Vec::new(), Vec::new());
    for part in parts {
        if let DirectoryEvent::Snapshot { endpoints, sessions } = part {
            all.extend(endpoints);
            held.extend(sessions);
        }
    }
    DirectoryEvent::Snapshot {
        endpoints: all,
        sessions: held,
    }
}

/// Runs that fit, in order.
fn cut<T: Serialize>(views: Vec<T>) -> Result<Vec<Vec<T>>, serde_json::Error> {
    let (mut runs, mut run, mut bytes) = (Vec::new(), Vec::new(), 0);
    for view in views {
        let size = serde_json::to_string(&view)?.len() + 1;
        if bytes + size > FRAME_BYTES && !run.is_empty() {
            runs.push(std::mem::take(&mut run));
            bytes = 0;
        }
        bytes += size;
        run.push(view);
    }
    if !run.is_empty() {
        runs.push(run);
    }
    Ok(runs)
}

/// The whole list of approval requests in one frame; prompts for which that has no room follow one by one.
///
/// # Errors
/// When a view cannot be written as JSON.
pub fn requests(approvals: Vec<ApprovalView>) -> Result<Vec<DirectoryEvent>, serde_json::Error> {
    let (mut list, mut rest, mut bytes) = (Vec::with_capacity(approvals.len()), Vec::new(), 0);
    for approval in approvals {
        bytes += serde_json::to_string(&approval)?.len();
        let fits = bytes <= FRAME_BYTES || approval.prompt.is_none();
        if fits {
            list.push(approval);
        } else {
            list.push(ApprovalView {
                prompt: None,
                ..approval.clone()
            });
            rest.push(DirectoryEvent::Approval(Box::new(approval)));
        }
    }
    rest.insert(0, DirectoryEvent::Approvals { approvals: list });
    Ok(rest)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use caisey_ledger::id::{ClientId, EndpointId, MemberId, SessionId};
    use caisey_protocol::http::EndpointState;

    fn bits(number: u32) -> [u8; 16] {
        u128::from(number).to_be_bytes()
    }

    fn endpoint(number: u32) -> EndpointView {
        EndpointView {
            endpoint: EndpointId::from_bits(bits(number)),
            log: format!(
                "logs.example/org_00000000000000000000000001/{}",
                EndpointId::from_bits(bits(number))
            ),
            client: ClientId::from_bits([1; 16]),
            client_name: "Northstar Dental".into(),
            hostname: format!("workstation-{number:05}.northstar.example"),
            os: "linux".into(),
            arch: "x86_64".into(),
            state: EndpointState::Ready,
            log_size: 12_345,
            enrolled_at_ms: Default::default(),
            changed_at_ms: Default::default(),
        }
    }

    fn session(number: u32) -> SessionView {
        SessionView {
            session: SessionId::from_bits(bits(number)),
            endpoint: EndpointId::from_bits(bits(number)),
            client: ClientId::from_bits([1; 16]),
            member: MemberId::from_bits([1; 16]),
            member_name: "Robin Řehoř".into(),
            opened_at_ms: Default::default(),
            closed_at_ms: None,
            first_seq: Default::default(),
            last_seq: None,
            actions: 3,
        }
    }

    #[test]
    fn ten_thousand_endpoints_come_in_frames_that_fit_and_none_is_lost() {
        let (endpoints, sessions): (Vec<_>, Vec<_>) = ((0..10_000).map(endpoint).collect(), (0..500).map(session).collect());
        let whole = DirectoryEvent::Snapshot {
            endpoints: endpoints.clone(),
            sessions: sessions.clone(),
        };
        assert!(
            serde_json::to_string(&whole).unwrap().len() > MAX_MESSAGE_BYTES,
            "one frame would do"
        );
        let frames = snapshots(endpoints.clone(), sessions.clone()).unwrap();
        assert!(frames.len() > 2);
        let (mut all, mut held) = (Vec::new(), Vec::new());
        for frame in frames {
            assert!(serde_json::to_string(&frame).unwrap().len() <= MAX_MESSAGE_BYTES);
            let DirectoryEvent::Snapshot { endpoints, sessions } = frame else {
                panic!("a snapshot")
            };
            all.extend(endpoints);
            held.extend(sessions);
        }
        assert_eq!((all, held), (endpoints, sessions));
    }

    #[test]
    fn what_fits_into_one_frame_is_one_frame() {
        assert_eq!(snapshots(Vec::new(), Vec::new()).unwrap().len(), 1);
        let some = snapshots(vec![endpoint(1), endpoint(2)], vec![session(1)]).unwrap();
        let [DirectoryEvent::Snapshot { endpoints, sessions }] = some.as_slice() else {
            panic!("{some:?}")
        };
        assert_eq!((endpoints.len(), sessions.len()), (2, 1));
    }
}
