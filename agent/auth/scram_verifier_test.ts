// Verifiers: PostgreSQL's spelling, PostgreSQL's own output for awkward passwords, and the mock's silence.

import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { makeVerifier, mockVerifier, parseVerifier, printVerifier, saltFor } from './scram_verifier.ts';

/** Written by PostgreSQL 15 (`ALTER ROLE … PASSWORD`), each for a text on which SASLprep has an opinion. */
const BY_POSTGRESQL: readonly (readonly [password: string, verifier: string])[] = [
  [
    'x\u00aa',
    'SCRAM-SHA-256$4096:r9oyRlSPO7kt4iJBYW31hw==$P9m6qkJfmO6oepRKafF8GH68dJryU1/y86wyJE775BU=:IcV5aUHTHVYBNigyxkXIRXUbWue3Qi2UZRNLOHzkuY4=',
  ],
  [
    'x\u0221',
    'SCRAM-SHA-256$4096:JpCLqRoL4y/F1VsQQfvJ7w==$Xcb2R6dyhVLhp2Dvvea5exTjBujjqUK+NWJAXppqy8A=:j46wwHmk9/u5jF6XiHIzcaxSwpbVFTCmXSxq2lHY1i4=',
  ],
  [
    'x\u200b',
    'SCRAM-SHA-256$4096:WyFat1NLzWQRaky/lx/OWQ==$k7GXtWiYTF5X+swm5r9189+F8jGQqyS8WzVIEY+GeX0=:33DE7wJjqRag1T92oVJhjN8lcWAk9TN6T7wXs6TlbLI=',
  ],
  [
    'x\u3000',
    'SCRAM-SHA-256$4096:+xr7uRBoBqqCT8QAXPHQ4g==$jmXZCCk7sbdOLIJ2mZbqlPKP4UGnB81ysUGt/qVIV/c=:UQukX/M7nzTOsstZ+IiZf8s6wLWUXY1YOVG1SvD9EVQ=',
  ],
  [
    '\u00ad',
    'SCRAM-SHA-256$4096:4l9fHYFretSFcUQfSCrF0Q==$Lz/buDp/6e/xh+hm2bplTPlz5fcnW1ev/md3wkXl5l4=:OZ8gW2WqYWQCd8bfi4FqMBgcQGRXi0SlBhm+shULF80=',
  ],
  [
    'I\u00adX',
    'SCRAM-SHA-256$4096:XGvvLZDeg8+XVlQ0foDdiw==$Jz8bupx2WJavBV3YmxFlx3k+7sfzF9njy6ckH2X0wXs=:WU2Po3n/FnFOSl8Qlj/2hLef+AyLHiqSC2T4FgWl+Lw=',
  ],
  [
    '\u2168',
    'SCRAM-SHA-256$4096:BP6NWstM8YB/vYS+DwLTKQ==$W1ssAJ85oulKlSv5O7gcno3SYdn13tIuS3Ocb14ucws=:hJK4aqLFRIa2LRm9AVNhr3dNqXHBQxjiAjhg7sZxIAU=',
  ],
  [
    '\u06271',
    'SCRAM-SHA-256$4096:jK95E2eG2SXB0nAk0VxIrg==$0HaYJtQRIkr7o5aSkm3AoGWdIp6LZZtJTo7+raGzk7s=:TKAMBSLZH6tzOmNlbUz2CyD1JfjWC/0GE5T3EyIwTuk=',
  ],
  [
    '\u06271\u0628',
    'SCRAM-SHA-256$4096:8BpsRlDld5Lw4PQU49pAbQ==$cb/dn4qNYuTl8w/6RzTP1gaXPP+HIZ8vlKgqO6FQ6Ws=:B2uHZFdROinlLxuM6qUZknq+4HYL4RI7TokysFxCNgA=',
  ],
  [
    'a\u0007',
    'SCRAM-SHA-256$4096:otxGTm5uneT+tqFclJlIRQ==$34CmmV8IRlwKLvKq1b420KImvHmxN+QRk1AU/moc7yI=:lnHXACcd9GhzN51fqSwNfRChoVdOVicbTIKVslv/A28=',
  ],
  [
    '\ufdfa',
    'SCRAM-SHA-256$4096:I5LiWinChdCrOSp+XDttpA==$KbKFZEqBFbTxuJyx5qkiSg0D1hX5RbY54mHcDiPIY0k=:7Xxf/2I41UqZ38FwEDj8K2q4X+fAuWCSq9ZlUZcRR5o=',
  ],
];

test('makeVerifier() writes what PostgreSQL wrote for the same password and salt', async () => {
  for (const [password, written] of BY_POSTGRESQL) {
    const { salt, iterations } = parseVerifier(written)!;
    expect(printVerifier(await makeVerifier(password, salt, iterations))).toBe(written);
  }
});

test('parseVerifier() refuses what lost something in copying', () => {
  const whole = BY_POSTGRESQL[0]![1];
  expect(parseVerifier(whole)).toBeDefined();
  const [mechanism, salted, keys] = whole.split('$') as [string, string, string];
  for (const broken of [
    whole.slice(0, -1),
    whole.slice(1),
    ` ${whole}`,
    whole.replace('4096', '0'),
    whole.replace('4096', '9999999999'),
    `${mechanism}$${salted}`,
    `${mechanism}$${keys}$${salted}`,
    whole.toLowerCase(),
    '',
  ]) {
    expect(parseVerifier(broken)).toBeUndefined();
  }
});

test('parseVerifier() of any text is a verifier that prints as that text, or undefined', () => {
  const written = BY_POSTGRESQL[0]![1];
  const mutated = fc
    .tuple(fc.nat(written.length - 1), fc.string({ minLength: 1, maxLength: 1 }))
    .map(([at, character]) => written.slice(0, at) + character + written.slice(at + 1));
  fc.assert(
    fc.property(fc.oneof(fc.string(), mutated), (text) => {
      const verifier = parseVerifier(text);
      if (verifier !== undefined) expect(printVerifier(verifier)).toBe(text);
    }),
    { numRuns: 500 },
  );
});

test('mockVerifier() is the same for the same name and key, and another for any other', () => {
  const key = randomBytes(32);
  expect(mockVerifier(key, 'nobody', 4096)).toEqual(mockVerifier(key, 'nobody', 4096));
  expect(mockVerifier(key, 'nobody', 4096).salt).not.toEqual(mockVerifier(key, 'nobodz', 4096).salt);
  expect(mockVerifier(key, 'nobody', 4096).salt).not.toEqual(
    mockVerifier(randomBytes(32), 'nobody', 4096).salt,
  );
});

test('mockVerifier() has the salt that a real user of that name would be given', () => {
  const key = randomBytes(32);
  expect(mockVerifier(key, 'møøse', 4096).salt).toEqual(saltFor(key, 'møøse'));
});
