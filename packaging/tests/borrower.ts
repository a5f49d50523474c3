// A test that is about to be killed: boots a Debian, says where it is, and never closes it.

import { openDebian } from './debian.ts';

console.log((await openDebian()).root);
setInterval(() => {}, 60_000);
