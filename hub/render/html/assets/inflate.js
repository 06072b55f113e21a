// Deflate (RFC 1951) in its zlib wrapping (RFC 1950), for browsers that have no DecompressionStream.

const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LONGEST_CODE = 15;

class Bits {
  constructor(bytes, start) {
    this.bytes = bytes;
    this.at = start;
    this.held = 0;
    this.count = 0;
  }

  take(wanted) {
    while (this.count < wanted) {
      if (this.at >= this.bytes.length) throw new Error("the packed samples end too early");
      this.held |= this.bytes[this.at++] << this.count;
      this.count += 8;
    }
    const value = this.held & ((1 << wanted) - 1);
    this.held >>>= wanted;
    this.count -= wanted;
    return value;
  }

  align() {
    this.held = 0;
    this.count = 0;
  }
}

class Grown {
  constructor() {
    this.bytes = new Uint8Array(1 << 20);
    this.length = 0;
  }

  room(more) {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  push(byte) {
    this.room(1);
    this.bytes[this.length++] = byte;
  }

  repeat(distance, length) {
    if (distance > this.length) throw new Error("the packed samples are damaged");
    this.room(length);
    for (let left = length; left > 0; left--, this.length++) this.bytes[this.length] = this.bytes[this.length - distance];
  }
}

// A Huffman code: how many symbols have each length, and the symbols in order of their codes.
function huffman(lengths) {
  const counts = new Uint16Array(LONGEST_CODE + 1);
  for (const length of lengths) counts[length]++;
  counts[0] = 0;
  const starts = new Uint16Array(LONGEST_CODE + 2);
  for (let length = 1; length <= LONGEST_CODE; length++) starts[length + 1] = starts[length] + counts[length];
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => { if (length) symbols[starts[length]++] = symbol; });
  return { counts, symbols };
}

function symbol(bits, tree) {
  let code = 0, first = 0, index = 0;
  for (let length = 1; length <= LONGEST_CODE; length++) {
    code |= bits.take(1);
    const count = tree.counts[length];
    if (code - count < first) return tree.symbols[index + code - first];
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  throw new Error("the packed samples are damaged");
}

function fixedTrees() {
  const lengths = [];
  for (let value = 0; value < 288; value++) lengths.push(value < 144 ? 8 : value < 256 ? 9 : value < 280 ? 7 : 8);
  return [huffman(lengths), huffman(new Array(30).fill(5))];
}

function statedTrees(bits) {
  const literals = bits.take(5) + 257, distances = bits.take(5) + 1, codes = bits.take(4) + 4;
  const short = new Array(19).fill(0);
  for (let index = 0; index < codes; index++) short[CODE_ORDER[index]] = bits.take(3);
  const tree = huffman(short);
  const lengths = [];
  while (lengths.length < literals + distances) {
    const value = symbol(bits, tree);
    if (value < 16) lengths.push(value);
    else {
      const length = value === 16 ? lengths[lengths.length - 1] : 0;
      const times = value === 16 ? 3 + bits.take(2) : value === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
      for (let left = times; left > 0; left--) lengths.push(length);
    }
  }
  return [huffman(lengths.slice(0, literals)), huffman(lengths.slice(literals, literals + distances))];
}

function block(bits, out, [literals, distances]) {
  for (;;) {
    const value = symbol(bits, literals);
    if (value === 256) return;
    if (value < 256) { out.push(value); continue; }
    const length = LENGTH_BASE[value - 257] + bits.take(LENGTH_EXTRA[value - 257]);
    const far = symbol(bits, distances);
    out.repeat(DISTANCE_BASE[far] + bits.take(far < 4 ? 0 : (far >> 1) - 1), length);
  }
}

function stored(bits, out) {
  bits.align();
  const length = bits.take(16);
  bits.take(16);
  for (let left = length; left > 0; left--) out.push(bits.take(8));
}

function inflate(bytes) {
  const bits = new Bits(bytes, 2), out = new Grown();
  let last = 0;
  while (!last) {
    last = bits.take(1);
    const kind = bits.take(2);
    if (kind === 0) stored(bits, out);
    else if (kind === 3) throw new Error("the packed samples are damaged");
    else block(bits, out, kind === 1 ? fixedTrees() : statedTrees(bits));
  }
  return out.bytes.subarray(0, out.length);
}
