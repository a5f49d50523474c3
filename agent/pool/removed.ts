// Why a pool that a reload took away lets its clients go.

import { AgentError } from '../base/errors.ts';
import type { PoolFigures } from './pool_figures.ts';

export function whyRemoved({ withdrawn, database: { name } }: PoolFigures): AgentError {
  return new AgentError(withdrawn ? 'pool_withdrawn' : 'pool_removed', { database: name });
}
