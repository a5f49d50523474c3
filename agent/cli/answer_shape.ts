// What an answer at the control socket has to look like before it is read as one: whoever made that socket may answer anything.

/** `time`: milliseconds since 1970 that a calendar has. A key with a `?` behind it may be missing. */
export type Shape =
  | 'string'
  | 'number'
  | 'boolean'
  | 'time'
  | readonly [Shape]
  | { readonly [key: string]: Shape };

/** The furthest that a Date reaches. */
const TIME_MS_MAX = 8.64e15;

export function hasShape(value: unknown, shape: Shape): boolean {
  if (shape === 'time') return typeof value === 'number' && Math.abs(value) <= TIME_MS_MAX;
  if (typeof shape === 'string') return typeof value === shape;
  if (isList(shape)) return Array.isArray(value) && value.every((each) => hasShape(each, shape[0]));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.entries(shape).every(([key, each]) => {
    const name = key.replace(/\?$/, '');
    const isThere = Object.hasOwn(fields, name) && fields[name] !== null;
    return isThere ? hasShape(fields[name], each) : name !== key;
  });
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

/** What the page of `status` reads of a Snapshot. */
export const SNAPSHOT_SHAPE: Shape = {
  version: 'string',
  state: 'string',
  pid: 'number',
  uptimeMs: 'number',
  startedAt: 'time',
  listeners: [{ address: 'string' }],
  clients: { connected: 'number', limit: 'number', loggingIn: 'number' },
  logins: { succeeded: 'number', failed: 'number' },
  memoryBytes: 'number',
  statements: 'number',
  log: { linesLost: 'number', 'failure?': 'string' },
  internalErrors: { total: 'number', paths: [{ path: 'string', count: 'number', message: 'string' }] },
  'lastReload?': { at: 'time', ok: 'boolean', why: 'string', changes: ['string'], problems: ['string'] },
  databases: [
    {
      ...{ name: 'string', role: 'string', host: 'string', port: 'string' },
      ...{ dbname: 'string', user: 'string', sslmode: 'string', origin: 'string' },
    },
  ],
  pools: [
    {
      ...{ database: 'string', user: 'string', mode: 'string', 'lastError?': 'string' },
      ...{ clients: 'number', clientsWaiting: 'number', maxWaitMs: 'number', serversActive: 'number' },
      ...{ serversIdle: 'number', 'serversTested?': 'number', serversCleaning: 'number' },
      ...{ serversBeingCanceled: 'number', serversLogin: 'number', poolSize: 'number' },
      ...{ 'clientsPinned?': 'number', 'pins?': [{ pin: 'string', clients: 'number' }] },
      'statistics?': { 'leaks?': 'number' },
    },
  ],
  warnings: ['string'],
};

/**
 * Without what a terminal would take for orders: control characters, those of 8 bits too, and those that turn the
 * direction of writing.
 */
export function withoutControls(value: unknown): unknown {
  if (typeof value === 'string') return plain(value);
  if (Array.isArray(value)) return value.map(withoutControls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [plain(key), withoutControls(each)]));
}

function plain(text: string): string {
  return text
    .replace(/[\t\n\r]+/g, ' ')
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
