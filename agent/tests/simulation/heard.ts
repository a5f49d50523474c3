// Reads what a simulated client hears: errors, and where one message broke off and another began.

/** An ErrorResponse where the rest of the message should have been. */
export function isCutInto(wanted: Uint8Array, heard: Uint8Array): boolean {
  let same = 0;
  while (same < heard.length && heard[same] === wanted[same]) same++;
  // The letter itself may be what was due there.
  return [0, 1, 2, 3, 4]
    .map((back) => same - back)
    .some((at) => at >= 5 && heard[at] === 0x45 && (heard[at + 1] ?? 0) === 0 && (heard[at + 2] ?? 0) === 0);
}

export function isFatal(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).includes('VFATAL\0');
}

export function errorOf(bytes: Uint8Array): string[] {
  const strings = Buffer.from(bytes.subarray(5)).toString('utf8').split('\0');
  return ['C', 'M'].map((letter) => strings.find((each) => each.startsWith(letter))?.slice(1) ?? '');
}
