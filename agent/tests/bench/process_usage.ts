// What a process has used, from /proc: its CPU time in user and system apart, its memory.

import { readdirSync, readFileSync } from 'node:fs';

export interface CpuTime {
  readonly userUs: number;
  readonly systemUs: number;
}

/** Ticks a second in /proc/<pid>/stat: USER_HZ, which Linux has fixed at 100 for every program. */
const TICK_US = 1_000_000 / 100;

/** All threads of the process together, those that have ended included; in steps of 10 ms. */
export function cpuTimeOf(pid: number): CpuTime {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The program's name stands in parentheses and may hold spaces; fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { userUs: Number(fields[11]) * TICK_US, systemUs: Number(fields[12]) * TICK_US };
}

export interface Memory {
  /** Resident, pages shared with other processes counted whole. */
  readonly rssBytes: number;
  /** Proportional: shared pages divided by how many share them. */
  readonly pssBytes: number;
  readonly threads: number;
}

export function memoryOf(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) * 1024;
  return { rssBytes: bytes('Rss'), pssBytes: bytes('Pss'), threads: readdirSync(`/proc/${pid}/task`).length };
}
