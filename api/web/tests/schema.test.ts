// The documents in api/schema against the standards they follow, by a validator that knows nothing of how they were made.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020';
import { expect, test } from 'vitest';

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const ours = (name: string) => read(at(`../../schema/${name}`));
const standard = (name: string) => at(`../../../../shared/standards/${name}`);
const options = { strict: false, allErrors: true, validateFormats: false };

test('the messages are a JSON Schema that tells right from wrong', () => {
  const validate = new Ajv2020(options).compile(ours('messages.schema.json'));
  expect(validate({ type: 'hello', role: 'rider', name: 'anna' })).toBe(true);
  expect(validate({ type: 'closing', reason: 'the service ends' })).toBe(true);
  expect(validate({ type: 'hello', role: 'king', name: 'anna' })).toBe(false);
  expect(validate({ type: 'closing' })).toBe(false);
});

// The standards lie beside the tree where there is room for them.
test.runIf(existsSync(standard('openapi')))('OpenAPI 3.1', () => {
  // Ajv follows the dynamic anchor of the standard to the wrong place; nothing overrides it here, so the plain reference says the same.
  const text = readFileSync(standard('openapi/openapi-3.1.schema.json'), 'utf8');
  const validate = new Ajv2020(options).compile(JSON.parse(text.replaceAll('"$dynamicRef": "#meta"', '"$ref": "#/$defs/schema"')));
  expect(validate(ours('openapi.json')), JSON.stringify(validate.errors?.slice(0, 5))).toBe(true);
  expect(validate({ openapi: '3.1.0' })).toBe(false);
});

test.runIf(existsSync(standard('asyncapi')))('AsyncAPI 3.0', () => {
  const validate = new Ajv(options).compile(read(standard('asyncapi/asyncapi-3.0.0.schema.json')));
  expect(validate(ours('asyncapi.json')), JSON.stringify(validate.errors?.slice(0, 5))).toBe(true);
  expect(validate({ asyncapi: '3.0.0' })).toBe(false);
});
