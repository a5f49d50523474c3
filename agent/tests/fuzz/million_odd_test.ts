// The second, fourth, sixth … of the targets: their part of a million inputs.

import { testEverySecond } from './million.ts';

testEverySecond(1);
