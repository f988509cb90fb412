//! Where the real execd's behaviour is a matter of luck, or helps nobody: what this one does.

use clap::ValueEnum;

/// When `execution_complete` comes. The real one often takes another connection's "idle" for the end of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EarlyComplete {
    /// Before the output in 46 of 75 runs, as measured
    #[default]
    Random,
    Always,
    Never,
}

impl EarlyComplete {
    /// Whether this run's comes before its output.
    pub fn decide(self) -> bool {
        match self {
            Self::Random => rand::random_range(0..75) < 46,
            Self::Always => true,
            Self::Never => false,
        }
    }

    /// As it stands on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// What becomes of a run whose kernel dies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DeadKernel {
    /// Pings for ever, and the context stays busy until it is deleted, as in the real one
    #[default]
    Hang,
    /// The stream ends at once with an error, and the next run gets a new kernel
    Error,
}

impl DeadKernel {
    /// As it stands on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hang => "hang",
            Self::Error => "error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for value in EarlyComplete::value_variants() {
            assert_eq!(EarlyComplete::from_str(value.name(), false).as_ref(), Ok(value));
        }
        for value in DeadKernel::value_variants() {
            assert_eq!(DeadKernel::from_str(value.name(), false).as_ref(), Ok(value));
        }
    }

    #[test]
    fn random_is_both() {
        let early = (0..2000).filter(|_| EarlyComplete::Random.decide()).count();
        assert!((900..1550).contains(&early), "{early}");
        assert!(EarlyComplete::Always.decide() && !EarlyComplete::Never.decide());
    }
}
