/** Figures for people, in as few characters as tell them. `–` stands for what is not known. */

const missing = '–'

/** 0 to 9,999 as they are, then 12.3k, 4.56M, 7.89G. */
export function shortCount(value: number | null): string {
  if (value === null || Number.isNaN(value)) return missing
  const rounded = Math.round(value)
  if (Math.abs(rounded) < 10_000) return rounded.toLocaleString('en-US')
  for (const [unit, size] of [
    ['k', 1e3],
    ['M', 1e6],
    ['G', 1e9],
    ['T', 1e12],
  ] as const) {
    const scaled = rounded / size
    if (Math.abs(scaled) < 999.5) return `${scaled.toPrecision(3)}${unit}`
  }
  return `${(rounded / 1e15).toPrecision(3)}P`
}

/** 12,345,678 */
export function fullCount(value: number | null): string {
  return value === null || Number.isNaN(value) ? missing : Math.round(value).toLocaleString('en-US')
}

/** 0.4 s, 12 s, 3.5 min, 2.1 h, 4.0 d */
export function shortDuration(seconds: number | null): string {
  if (seconds === null || Number.isNaN(seconds)) return missing
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  if (seconds < 99.5) return `${seconds.toFixed(0)} s`
  if (seconds < 5_970) return `${twoDigits(seconds / 60)} min`
  if (seconds < 172_800) return `${twoDigits(seconds / 3_600)} h`
  return `${twoDigits(seconds / 86_400)} d`
}

/** Megabytes (10^6) a second. */
export function megabytes(bytesPerSecond: number | null): string {
  if (bytesPerSecond === null) return missing
  const value = bytesPerSecond / 1e6
  return value < 99.95 ? value.toFixed(1) : value.toFixed(0)
}

function twoDigits(value: number): string {
  return value < 9.95 ? value.toFixed(1) : value.toFixed(0)
}
