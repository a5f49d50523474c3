// IPv4 and IPv6 addresses as numbers, and the networks of pg_hba.conf that they may lie in.

export interface NetworkAddress {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

export interface AddressRange {
  readonly address: NetworkAddress;
  readonly mask: bigint;
}

const V4_MAPPED = 0xffffn;
const LENGTH = { 4: 32, 6: 128 } as const;

/** Undefined for what is no address. An IPv4 address in IPv6's clothes (`::ffff:10.0.0.1`) is the IPv4 address. */
export function parseAddress(text: string): NetworkAddress | undefined {
  const v4 = parseV4(text);
  if (v4 !== undefined) return { family: 4, bits: v4 };
  const bits = parseV6(text);
  if (bits === undefined) return undefined;
  if (bits >> 32n === V4_MAPPED) return { family: 4, bits: bits & 0xffff_ffffn };
  return { family: 6, bits };
}

/** A client on this very machine; false for what is no address. */
export function isLoopbackAddress(text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  return address.family === 4 ? address.bits >> 24n === 127n : address.bits === 1n;
}

/** The mask of so many leading ones; undefined when the family has fewer bits. */
export function maskOf(family: 4 | 6, length: string): bigint | undefined {
  const most = LENGTH[family];
  if (!/^\d{1,3}$/.test(length) || Number(length) > most) return undefined;
  const zeros = BigInt(most - Number(length));
  return ((1n << BigInt(most)) - 1n) & ~((1n << zeros) - 1n);
}

export function isWithin(address: NetworkAddress, range: AddressRange): boolean {
  if (address.family !== range.address.family) return false;
  return ((address.bits ^ range.address.bits) & range.mask) === 0n;
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let bits = 0n;
  for (const part of parts) {
    // `010` is eight to some and ten to others.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bits = (bits << 8n) | BigInt(part);
  }
  return bits;
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, index) => groupsOf(half, index === halves.length - 1));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? joinGroups(head) : undefined;
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  const zeros = Array<bigint>(8 - head.length - tail.length).fill(0n);
  return joinGroups([...head, ...zeros, ...tail]);
}

/** The last two groups of an address may be written as an IPv4 address. */
function groupsOf(text: string, isEnd: boolean): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const v4 = isEnd && index === parts.length - 1 ? parseV4(part) : undefined;
    if (v4 !== undefined) groups.push(v4 >> 16n, v4 & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}

function joinGroups(groups: readonly bigint[]): bigint {
  return groups.reduce((bits, group) => (bits << 16n) | group, 0n);
}
