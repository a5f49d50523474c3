// Greetings: one for all that ask for the same, what a server made of it, and a bound.

import { expect, test } from 'bun:test';
import { Parameters } from '../state/parameters.ts';
import { concat } from '../wire/bytes.ts';
import { encodeParameterStatus } from '../wire/server_messages.ts';
import { Greetings } from './greetings.ts';

const welcome = new Parameters(
  new Map([
    ['DateStyle', 'ISO, MDY'],
    ['session_authorization', 'pool'],
  ]),
);

test('Greetings has one greeting for all that ask for the same of the same server', () => {
  const greetings = new Greetings();
  const asked = new Map([['datestyle', 'German']]);
  const one = greetings.of(welcome, 'idp_app', asked);
  expect(greetings.of(welcome, 'idp_app', new Map(asked))).toBe(one);
  expect(greetings.of(welcome, 'idp_app', new Map())).not.toBe(one);
  expect(greetings.of(new Parameters(welcome.reported), 'idp_app', asked)).not.toBe(one);
  const split = new Map([
    ['datestyle', 'Germa'],
    ['n', ''],
  ]);
  expect(greetings.of(welcome, 'idp_app', split)).not.toBe(one);
});

test('Greetings says each parameter, and that the client is who it logged in as', () => {
  const greeting = new Greetings().of(welcome, 'idp_app', new Map([['datestyle', 'German']]));
  expect(greeting.bytes).toEqual(
    concat([
      encodeParameterStatus('DateStyle', 'German'),
      encodeParameterStatus('session_authorization', 'idp_app'),
    ]),
  );
});

test('Greetings says what a server made of the parameters, once one has', () => {
  const greeting = new Greetings().of(welcome, 'idp_app', new Map([['datestyle', 'German']]));
  expect([greeting.accepted, greeting.bytes.length > 0]).toEqual([false, true]);
  const spelled = greeting.parameters.withReported('DateStyle', 'German, DMY');
  greeting.accept(spelled);
  expect([greeting.accepted, greeting.parameters]).toEqual([true, spelled]);
  expect(greeting.bytes.subarray(0, 27)).toEqual(encodeParameterStatus('DateStyle', 'German, DMY'));
});

test('Greetings keeps 64 of them, and makes the rest anew', () => {
  const greetings = new Greetings();
  const of = (i: number) => greetings.of(welcome, 'u', new Map([['application_name', `client ${i}`]]));
  const made = Array.from({ length: 65 }, (_, i) => of(i));
  expect(of(64)).toBe(made[64]!);
  expect(of(1)).toBe(made[1]!);
  expect(of(0)).not.toBe(made[0]!);
});

test('Greetings refuses a name that RESET could not take back from the next client', () => {
  const of = (name: string) => new Greetings().of(welcome, 'u', new Map([[name, 'mine']]));
  expect(of(`my.${'x'.repeat(63)}`).parameters.unreported.size).toBe(1);
  for (const name of ['x'.repeat(64), `my.${'x'.repeat(64)}`, `my.${'ü'.repeat(32)}`])
    expect(() => of(name)).toThrow('is longer than 63 bytes');
});
