// The exit codes that several commands have, with what they mean.

import type { Exit } from '../command.ts';

export const DONE: Exit = { code: 0, means: 'done' };
export const WRONG_LINE: Exit = { code: 64, means: 'the command line was wrong' };
export const UNUSABLE: Exit = {
  code: 78,
  means: 'the configuration cannot be used; every problem is printed',
};
export const UNREACHABLE: Exit = {
  code: 69,
  means: 'no agent answers at the control socket, or one with another configuration file does',
};
export const DENIED: Exit = { code: 77, means: 'the control socket may not be opened by this user' };
