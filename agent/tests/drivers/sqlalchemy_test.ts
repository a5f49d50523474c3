// SQLAlchemy through the socket: 8 workers of one engine on 3 servers.

import { missingModule, pythonChecks } from './python_checks.ts';
import { onEachPostgres } from './stage.ts';

onEachPostgres(
  'SQLAlchemy',
  { missing: missingModule('sqlalchemy, psycopg2', 'python3-sqlalchemy') },
  (stage) => {
    pythonChecks(stage, 'sqlalchemy_checks.py', {
      create_and_reflect: {
        tables: ['author', 'book'],
        columns: ['id', 'title', 'author_id'],
        keys: ['author'],
      },
      orm_of_many_workers: { authors: 64, books: 192, joined: 3, left: 189 },
      errors_and_recovery: ['23505', 0],
      isolation_levels: ['serializable', 'read committed'],
      streaming: 12_502_500,
      drop: [],
    });
  },
);
