// What must not be printed: it is *** for whoever prints it, in a text, as JSON or in a debugger's inspection.

export abstract class Masked {
  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '***';
  }
}
