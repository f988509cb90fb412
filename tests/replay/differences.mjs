// Recorded answers that this server gives differently on purpose, each with the reason. A name listed here that turns
// out equal fails the replay: the list must not be longer than the truth.
export const execd = {};
