// Colours for a terminal; whether there is one, and wants them, is for the caller to know.

const CODES = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;

export type Colour = keyof typeof CODES;

export function paint(wanted: boolean, colour: Colour, text: string): string {
  return wanted ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}
