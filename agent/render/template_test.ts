// Only quoted values get into a template.

import { expect, test } from 'bun:test';
import { fill, Quoted } from './template.ts';

test('fill() puts quoted values into their places, lists line by line', () => {
  const view = { name: new Quoted('a'), list: [{ x: new Quoted('1') }, { x: new Quoted('{{name}}') }] };
  expect(fill('{{name}}:\n{{#list}}\n- {{x}}\n{{/list}}\n', view)).toBe('a:\n- 1\n- {{name}}\n');
});

test('fill() refuses a value that nobody quoted', () => {
  expect(() => fill('{{name}}', { name: 'a' })).toThrow('a template was given a string that nobody quoted');
  expect(() => fill('{{port}}', { port: 5432 })).toThrow('a number');
});

test('fill() refuses every way round the quoting', () => {
  for (const template of ['{{{name}}}', '{{& name}}', '{{> other}}', '{{=<% %>=}}']) {
    expect(() => fill(template, { name: new Quoted('a') })).toThrow('it would not be quoted');
  }
});
