// How numbers are summed up and written.

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Between these two lies half of the numbers. */
export const quartiles = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return [0.25, 0.75].map((part) => sorted[Math.floor((sorted.length - 1) * part)]);
};

/** Three digits are what a median of seven is worth. */
export const three = (number) =>
  number >= 100 ? Math.round(number).toLocaleString("en") : number.toFixed(number >= 10 ? 1 : 2);
export const milliseconds = (number) => `${three(number)} ms`;
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
export const times = (ratio) => `${ratio.toFixed(ratio >= 10 ? 1 : 2)} ×`;
