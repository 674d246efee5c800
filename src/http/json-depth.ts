/**
 * Greatest nesting of lists and objects in a JSON text, found without parsing it: `JSON.parse` and everything
 * after it would work on whatever depth it is given. Stops early above `limit`. Text that is no JSON gets
 * some number; the parser then says what is wrong with it.
 */
export function exceedsDepth(text: string, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        if (depth > limit) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
      default:
        break;
    }
  }
  return false;
}

/** Index of the closing quote; the end of the text when there is none. */
function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close !== -1 && isEscaped(text, close)) close = text.indexOf('"', close + 1);
  return close === -1 ? text.length : close;
}

function isEscaped(text: string, quote: number): boolean {
  let at = quote - 1;
  while (text.charCodeAt(at) === 0x5c) at -= 1;
  return (quote - at) % 2 === 0;
}
