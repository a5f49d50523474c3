// The startup packet and the parameters in it.

import { ENDED, error, type IntendedDifference, NOT_LET_IN, words } from './words.ts';

const FOLLOWS =
  'parameters follow the client from server to server, and are not refused; the server says which it does not know';

export const STARTUP: readonly IntendedDifference[] = [
  words('invalid server parameter', '22023', ': cannot set those of the startup packet: *'),
  {
    name: 'a parameter that is not tracked',
    reason: FOLLOWS,
    theirs: [error('08P01', 'unsupported startup parameter: *'), ENDED],
    ours: ['* < AuthenticationOk', '**'],
    where: 'the startup packet',
  },
  {
    name: 'a parameter that nobody knows',
    reason: FOLLOWS,
    theirs: [error('08P01', 'unsupported startup parameter: *')],
    ours: ['* < AuthenticationOk', '**'],
    where: 'the startup packet',
  },
  {
    name: 'a parameter in options that is not tracked',
    reason: FOLLOWS,
    theirs: [error('08P01', 'unsupported startup parameter in options: *'), ENDED],
    ours: ['* < AuthenticationOk', '**'],
    where: 'the startup packet',
    version: '1.24',
  },
  {
    name: 'a parameter before the proof',
    reason: 'who has not proved who he is hears nothing of his parameters',
    theirs: [error('08P01', 'unsupported startup parameter*')],
    ours: ['* < AuthenticationSASL SCRAM-SHA-256', '* < AuthenticationSASLContinue', NOT_LET_IN],
    where: 'auth_query',
  },
  {
    name: 'a value that the server spells otherwise',
    reason: 'the client is told what the server has made of it, as soon as one has',
    theirs: [],
    ours: ['* < ParameterStatus "DateStyle" "German, DMY"'],
    where: 'the startup packet',
  },
  {
    name: 'application_name_add_host on the UNIX socket',
    reason: 'says `unix`; the process id of a client means nothing on another machine',
    theirs: ['* < ParameterStatus "application_name" "* - unix(*@*):*"'],
    ours: ['* < ParameterStatus "application_name" "* - unix"'],
    where: 'application_name_add_host',
  },
  {
    name: 'application_name_add_host on the UNIX socket, at the server',
    reason: 'as above',
    theirs: ["* < DataRow 1 * '* - unix(*@*):*'"],
    ours: ["* < DataRow 1 * '* - unix'"],
    where: 'application_name_add_host',
  },
];
