//! What a failed call means to an operation.

use lifecycle::ports::HypervisorError;
use pve::Failure;

use crate::ClientError;

/// A question that was not answered. It had no effect.
pub(crate) fn unanswered(cluster: &str, error: &ClientError) -> HypervisorError {
    let text = format!("{cluster}: {error}{}", hint(error));
    match error {
        ClientError::Api(failure) => match failure {
            Failure::NodeUnreachable { .. } | Failure::AgentSilent(_) => {
                HypervisorError::Unreachable(text)
            }
            Failure::AgentNotConfigured(_) => HypervisorError::NotConfigured(text),
            Failure::Garbage(_) => HypervisorError::Garbage(text),
            _ => HypervisorError::Refused(text),
        },
        ClientError::TimedOut { .. } => HypervisorError::TimedOut(text),
        ClientError::Secret(_) => HypervisorError::NotConfigured(text),
        ClientError::Unreachable(_)
        | ClientError::Lost(_)
        | ClientError::Certificate(_)
        | ClientError::Busy(_) => HypervisorError::Unreachable(text),
    }
}

/// A request for an effect that failed. [`HypervisorError::TimedOut`] where it may have come about.
pub(crate) fn unsettled(cluster: &str, error: &ClientError) -> HypervisorError {
    if is_settled(error) {
        return unanswered(cluster, error);
    }
    HypervisorError::TimedOut(format!(
        "{cluster}: whether it was begun is not known: {error}"
    ))
}

fn is_settled(error: &ClientError) -> bool {
    match error {
        ClientError::Lost(_)
        | ClientError::TimedOut { .. }
        | ClientError::Api(Failure::Garbage(_)) => false,
        ClientError::Api(Failure::NodeUnreachable { status, .. }) => matches!(status, 500 | 595),
        _ => true,
    }
}

/// What the operator can do.
fn hint(error: &ClientError) -> &'static str {
    match error {
        ClientError::Api(Failure::Unauthorized(_)) => {
            "; check the token's id and secret in the cluster's configuration"
        }
        ClientError::Api(Failure::Forbidden(_)) => "; grant the privilege to who asks",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn unreachable(status: u16) -> ClientError {
        let message = "no route".to_owned();
        ClientError::Api(Failure::NodeUnreachable { status, message })
    }

    #[test]
    fn an_effect_is_unknown_only_where_the_request_may_have_arrived() {
        let text = || "x".to_owned();
        let after = Duration::from_secs(1);
        for (error, is_unknown) in [
            (ClientError::Lost(text()), true),
            (
                ClientError::TimedOut {
                    endpoint: text(),
                    after,
                },
                true,
            ),
            (ClientError::Api(Failure::Garbage(text())), true),
            (unreachable(596), true),
            (unreachable(599), true),
            (unreachable(504), true),
            (unreachable(595), false),
            (unreachable(500), false),
            (ClientError::Unreachable(text()), false),
            (ClientError::Certificate(text()), false),
            (ClientError::Secret(text()), false),
            (ClientError::Busy(text()), false),
            (ClientError::Api(Failure::Forbidden(text())), false),
            (ClientError::Api(Failure::NotRunning(text())), false),
        ] {
            let mapped = unsettled("home", &error);
            let unknown = matches!(mapped, HypervisorError::TimedOut(_));
            assert_eq!(unknown, is_unknown, "{error:?} became {mapped:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_cluster_and_what_to_do() {
        let words = "Permission check failed (/vms/101, VM.PowerMgmt)".to_owned();
        let error = ClientError::Api(Failure::Forbidden(words));
        assert_eq!(
            unsettled("home", &error),
            HypervisorError::Refused(
                "home: Permission check failed (/vms/101, VM.PowerMgmt); \
                 grant the privilege to who asks"
                    .to_owned()
            )
        );
    }
}
