/** The beginning of a text that may be very long: what a message repeats of what somebody sent. */
export function beginning(text: string, most: number): string {
  if (text.length <= most) return text;
  // Half of a pair would be no character.
  const end = /[\ud800-\udbff]/.test(text.charAt(most - 1)) ? most - 1 : most;
  return `${text.slice(0, end)}… (${text.length} characters)`;
}

/** A value of any type as a message may repeat it: its beginning, as JSON unless it is a text. */
export function shownValue(value: unknown, most = 200): string {
  return beginning(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'), most);
}
