// Plays every .conversation at PostgreSQL 15 and through the agent in front of it.

import { playAll } from './playing.ts';

playAll('PostgreSQL 15');
