import { expect, it } from 'vitest';
import { startBrowser } from '../fakes/browser.ts';
import { ADMIN_KEY, startOperatedGateway } from '../fakes/operated-gateway.ts';

it('shows a gateway in a browser: asks for the key, follows what happens, and says why a verdict is what it is', async () => {
  await using gateway = await startOperatedGateway();
  await gateway.label('before');
  await using browser = await startBrowser();
  await browser.open(`${gateway.adminUrl}/console`);

  await browser.until(`document.querySelector('input[type=password]') !== null`);
  await browser.evaluate(`document.querySelector('input').value = ${JSON.stringify(ADMIN_KEY)}`);
  await browser.evaluate(`document.querySelector('form button').click()`);
  await browser.until(`document.body.innerText.includes('before')`);
  const text = String(await browser.evaluate('document.body.innerText'));
  for (const shown of ['labels / s', 'only (openai/vllm)', 'only/0', 'ready', 'closed', 'it has no database'])
    expect(text).toContain(shown);

  await gateway.label('meanwhile');
  await browser.until(`document.body.innerText.includes('meanwhile')`);
  await browser.until(`document.querySelectorAll('canvas').length === 2`);
  await browser.evaluate(`[...document.querySelectorAll('button')].at(-1).click()`);
  await browser.until(`document.querySelector('.why') !== null`);
  const why = String(await browser.evaluate(`document.querySelector('.why').innerText`));
  expect(why).toMatch(/vrd_\w+/);
  expect(why).toMatch(/quick was accepted: .+\nquick on only\/0, order ab: P\(first\) [\d.]+ %/);

  // Expected: calls before there was a key, and for jobs of a gateway that keeps none.
  expect(browser.complaints.filter((each) => !/status of (401|501)/.test(each))).toEqual([]);
});
