// Fuzz targets of the auth room that only read: userlist.txt, pg_hba.conf, pg_ident.conf, SCRAM's messages, verifiers, certificates.

import { AuthError } from '../../../auth/auth_error.ts';
import { decodeBase64, encodeBase64 } from '../../../auth/base64.ts';
import { endPointOf } from '../../../auth/end_point.ts';
import { parseHbaFile } from '../../../auth/hba.ts';
import { decideByHba } from '../../../auth/hba_match.ts';
import { parseIdentFile } from '../../../auth/ident.ts';
import {
  encodeInitialResponse,
  encodeMechanisms,
  parseInitialResponse,
  parseMechanisms,
} from '../../../auth/sasl_frames.ts';
import { passwordBytes, saslprep } from '../../../auth/saslprep.ts';
import {
  parseClientFinal,
  parseClientFirst,
  parseServerFinal,
  parseServerFirst,
  printServerFirst,
  SCRAM_LIMITS,
} from '../../../auth/scram.ts';
import { parseVerifier, printVerifier } from '../../../auth/scram_verifier.ts';
import { secretKind } from '../../../auth/secret_kind.ts';
import { parseUserlist } from '../../../auth/userlist.ts';
import { Secret } from '../../../base/secret.ts';
import { commonNameOf } from '../../../client/certificate_user.ts';
import { parseStartupOptions } from '../../../client/startup_options.ts';
import { checkProblems, must, mustBeSame, type Target, textOf } from '../target.ts';

const KEY = encodeBase64(new Uint8Array(32).fill(7));
const SALT = encodeBase64(new Uint8Array(16).fill(9));
const VERIFIER = `SCRAM-SHA-256$4096:${SALT}$${KEY}:${KEY}`;

const userlist: Target = {
  name: 'userlist',
  errors: [],
  share: 40,
  words: ['"', '""', '"a" ', '\n', '\r\n', ';', '#', '\ufeff', VERIFIER, 'md5', 'SCRAM-SHA-256$'],
  seeds: [
    '"app" "x"\n"clerk" "md500112233445566778899aabbccddeeff"\n',
    `; a comment\n"a""b" "${VERIFIER}"\r\n\n"c" ""\n# end`,
    '"app" "SCRAM-SHA-256$4096:x"',
  ],
  run(input) {
    const text = textOf(input);
    const { users, problems } = parseUserlist(text, 'userlist.txt');
    checkProblems(problems, text);
    must(new Set(users.map(({ name }) => name)).size === users.length, 'a user twice');
    const quoted = (word: string): string => `"${word.replaceAll('"', '""')}"`;
    const linesOf = (all: typeof users): string[] =>
      all.flatMap(({ name, secret, nextSecret }) =>
        [secret?.open() ?? '', nextSecret?.open()].flatMap((each) =>
          each === undefined ? [] : [`${quoted(name)} ${quoted(each)}`],
        ),
      );
    const written = linesOf(users);
    const again = parseUserlist(written.join('\n'), 'userlist.txt');
    mustBeSame(linesOf(again.users), written, 'a userlist, written and read again');
    return `${Math.min(users.length, 3)} ${problems.map(({ sentence }) => sentence.replace(/\d+|"[^"]*"/g, '')).slice(0, 2)}`;
  },
};

const HBA = `# TYPE DATABASE USER ADDRESS METHOD
local all all peer map=boss
host shop,"all" app 10.0.0.0/8 scram-sha-256
hostssl all /^a.*$ ::1/128 cert map=boss clientcert=verify-full
hostnossl sameuser all 192.168.0.0 255.255.0.0 reject
host replication all all md5 \\
  clientname=CN
`;
const IDENT = 'boss root app\nboss /^(.*)@example$ \\1\nboss "all" "x y"\n';

const hba: Target = {
  name: 'hba',
  errors: [],
  share: 30,
  words: [
    ...[
      'local ',
      'host ',
      'hostssl ',
      'all ',
      'sameuser ',
      '/',
      '"',
      ',',
      '@',
      '+',
      '#',
      '\\\n',
      '\\1',
      ' ',
      '\t',
    ],
    ...[
      '::/0 ',
      '::ffff:1.2.3.4/96 ',
      '0.0.0.0/0 ',
      '255.255.255.255',
      'map=',
      'clientcert=',
      'trust',
      'reject',
      'include ',
      '\n',
      '\x1d',
    ],
  ],
  seeds: [
    `${IDENT}\x1d${HBA}`,
    'boss a b\x1dlocal all all trust\n',
    '\x1dhost all all 1.2.3.4 255.255.255.0 password',
  ],
  run(input) {
    // A file of each kind, with a byte between them that neither has.
    const [identText = '', hbaText = ''] = textOf(input).split('\x1d');
    const { maps, problems: identProblems } = parseIdentFile(identText, 'pg_ident.conf');
    checkProblems(identProblems, identText);
    const { rules, problems } = parseHbaFile(hbaText, 'pg_hba.conf', maps);
    checkProblems(problems, hbaText);
    must(rules.length > 0 || problems.length > 0, 'a file without rules is no problem');
    const decided = (['unix', 'tcp', 'tls'] as const).map((transport) => {
      const decision = decideByHba(rules, { transport, host: '10.1.2.3', user: 'app', database: 'shop' });
      if (decision.kind === 'refused') return 'no';
      must(decision.rule.method !== 'reject', 'a reject lets in');
      return decision.rule.method;
    });
    return `${decided} ${problems.map(({ sentence }) => sentence.replace(/\d+|"[^"]*"/g, '')).slice(0, 2)}`;
  },
};

const scramMessages: Target = {
  name: 'scram_messages',
  errors: [],
  share: 60,
  words: [
    'n,,',
    'y,,',
    'p=tls-server-end-point,,',
    'n=',
    ',r=',
    ',s=',
    ',i=4096',
    'c=biws',
    ',p=',
    'v=',
    'm=x',
    ',',
    '=',
    KEY,
    SALT,
    'SCRAM-SHA-256\0',
    new Uint8Array(4),
    new Uint8Array([255, 255, 255, 255]),
  ],
  seeds: [
    'n,,n=,r=fyko+d2lbbFgONRv9qkxdawL',
    'p=tls-server-end-point,,n=,r=abc',
    `r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=${SALT},i=4096`,
    `c=biws,r=abc,p=${KEY}`,
    `v=${KEY}`,
    'e=other-error',
    encodeMechanisms(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']),
    encodeInitialResponse('SCRAM-SHA-256', Buffer.from('n,,n=,r=x')),
  ],
  run(input) {
    const said: string[] = [];
    const note = <T>(value: T | AuthError | undefined): T | undefined => {
      said.push(
        value instanceof AuthError ? value.reason.replace(/\d+|".*?"/g, '') : String(value !== undefined),
      );
      return value instanceof AuthError ? undefined : value;
    };
    const first = note(parseClientFirst(input));
    if (first !== undefined)
      must(`${first.gs2Header}${first.bare}` === latin1(input), 'client-first lost something');
    const server = note(parseServerFirst(input));
    if (server !== undefined) {
      must(
        server.iterations >= 1 && server.iterations <= SCRAM_LIMITS.iterationsMax,
        'iterations out of bounds',
      );
      must(server.salt.length <= SCRAM_LIMITS.saltBytesMax, 'a salt out of bounds');
      const written = printServerFirst(server.nonce, server.salt, server.iterations);
      must(server.text === written || server.text.startsWith(`${written},`), 'server-first, written again');
    }
    const final = note(parseClientFinal(input));
    if (final !== undefined) must(final.proof.length === 32, 'a proof of another length');
    note(parseServerFinal(input));
    const response = note(parseInitialResponse(input));
    if (response !== undefined) {
      mustBeSame(
        [...encodeInitialResponse(response.mechanism, response.data)],
        [...input],
        'initial response',
      );
    }
    const mechanisms = note(parseMechanisms(input));
    if (mechanisms !== undefined) mustBeSame([...encodeMechanisms(mechanisms)], [...input], 'mechanisms');
    return said.join(' ');
  },
};

const saslPreparation: Target = {
  name: 'saslprep',
  errors: [],
  share: 40,
  words: [
    '\u00a0',
    '\u00ad',
    '\u0627',
    '\u0300',
    '\ufb01',
    '\u2168',
    '\u{1f600}',
    '\ue000',
    '\u202e',
    '\u3000',
    new Uint8Array([0xc0, 0x80]),
    new Uint8Array([0xed, 0xa0, 0x80]),
  ],
  seeds: ['pässword', 'I\u00adX', '\u2168', '\u0627\u0031\u0628', 'plain', new Uint8Array([0xff, 0xfe])],
  run(input) {
    const text = textOf(input);
    const prepared = saslprep(text);
    if (prepared !== undefined) {
      must(prepared === text || prepared.normalize('NFKC') === prepared, 'what was prepared is not normal');
      must(prepared !== '' || text === '', 'nothing is left of a password');
    }
    const bytes = passwordBytes(input);
    must(bytes.length > 0 || input.length === 0, 'no bytes are left of a password');
    must(!bytes.includes(0) || input.includes(0), 'a NUL that was not there');
    return `${prepared === undefined} ${prepared === text} ${bytes === input}`;
  },
};

const verifier: Target = {
  name: 'verifier',
  errors: [],
  share: 50,
  words: [
    'SCRAM-SHA-256$',
    '4096',
    '2147483647',
    '2147483648',
    ':',
    '$',
    KEY,
    SALT,
    '=',
    'md5',
    '00112233445566778899aabbccddeeff',
    'CN=',
    '\\',
    '\\00',
    '-c ',
    '--',
  ],
  seeds: [VERIFIER, `md5${'0'.repeat(32)}`, KEY, 'O=x\nCN=app\\,b', '-c geqo=off --work_mem=1\\ MB'],
  run(input) {
    const text = textOf(input);
    const read = parseVerifier(text);
    if (read !== undefined) must(printVerifier(read) === text, 'a verifier, written again');
    const bytes = decodeBase64(text);
    if (bytes !== undefined) must(encodeBase64(bytes) === text, 'base64, written again');
    const name = commonNameOf(text);
    must(name?.includes('\0') !== true, 'a common name with a NUL');
    const { parameters, unknown } = parseStartupOptions(text);
    must(![...parameters.keys()].includes(''), 'an option without a name');
    const kind = text === '' ? 'none' : secretKind(new Secret(text));
    return `${kind} ${bytes !== undefined} ${name !== undefined} ${parameters.size} ${unknown.length > 0}`;
  },
};

/** RSA with SHA-256, ECDSA with SHA-384, Ed25519, RSASSA-PSS without and with its hash. */
const SIGNATURES = [
  '300d06092a864886f70d01010b0500',
  '300a06082a8648ce3d040303',
  '300506032b6570',
  '300d06092a864886f70d01010a3000',
  '301c06092a864886f70d01010a300fa00d300b0609608648016503040203',
];

/** As much of one as is looked at: what is signed, how, and a signature. */
function certificateSignedBy(algorithm: string): Uint8Array {
  const content = Buffer.from(`3003020101${algorithm}03020000`, 'hex');
  return new Uint8Array(Buffer.concat([Buffer.from([0x30, content.length]), content]));
}

const certificate: Target = {
  name: 'certificate',
  errors: [],
  share: 30,
  bytesMax: 2_048,
  words: [
    new Uint8Array([0x30, 0x80]),
    new Uint8Array([0x30, 0x84]),
    new Uint8Array([0xa0, 0x03]),
    new Uint8Array([0x06, 0x09]),
    new Uint8Array([0xff, 0xff, 0xff, 0xff]),
  ],
  seeds: SIGNATURES.map(certificateSignedBy),
  run(input) {
    const hash = endPointOf(input);
    must(hash === undefined || hash.length >= 28, 'a hash that is none');
    return String(hash?.length);
  },
};

function latin1(input: Uint8Array): string {
  return Buffer.from(input).toString('latin1');
}

export const AUTH_TARGETS: readonly Target[] = [
  userlist,
  hba,
  scramMessages,
  saslPreparation,
  verifier,
  certificate,
];
