// Numbers and times as people read them.

export const count = (number: number): string => number.toLocaleString("en-US");

export const plural = (number: number, word: string): string => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

/** `0.4 s`, `12.3 s`, `1 min 05 s`. */
export function duration(ms: number, digits = 1): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(digits)} s`;
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** `14:59`, `1:02:03`: what is left of a time. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const pad = (number: number) => String(number).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${pad(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(seconds % 60)}`;
}

export const clock = (date: Date): string => date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
