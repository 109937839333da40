/// A strict scanner for the subset of JSON that safetensors headers consist of. It reads one value at a time.
///
/// Foundation's decoder is not used because it silently keeps one of two equal keys, and a header that defines a tensor
/// twice must be rejected.
struct JSONScanner {
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The position of unexpected text, and a description of the expected text.
  struct Failure: Error {
    let expected: String
    let position: Int
  }

  func failure(_ expected: String) -> Failure { Failure(expected: expected, position: position) }

  /// Checks that only white space is left.
  mutating func end() throws(Failure) {
    skipSpace()
    if position < bytes.count { throw failure("the end") }
  }

  /// Reads `{"key": value, …}`; `value` is called at the start of each value, with its key.
  mutating func object(_ value: (inout JSONScanner, String) throws(Failure) -> Void) throws(Failure) {
    try take("{")
    if takes("}") { return }
    repeat {
      let key = try string()
      try take(":")
      try value(&self, key)
    } while takes(",")
    try take("}")
  }

  /// Reads `[number, …]`: at most `limit` integers from 0.
  mutating func numbers(limit: Int) throws(Failure) -> [Int] {
    var numbers: [Int] = []
    try take("[")
    if takes("]") { return numbers }
    repeat {
      if numbers.count == limit { throw failure("at most \(limit) numbers") }
      numbers.append(try number())
    } while takes(",")
    try take("]")
    return numbers
  }

  mutating func string() throws(Failure) -> String {
    try take("\"")
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw failure("text in UTF-8") }
        return string
      case UInt8(ascii: "\\"): text += try escaped().utf8
      case 0..<0x20: throw failure("text without control characters")
      default: text.append(byte)
      }
    }
    throw failure("the end of a text")
  }

  private mutating func escaped() throws(Failure) -> Unicode.Scalar {
    guard position < bytes.count else { throw failure("an escaped character") }
    position += 1
    switch bytes[position - 1] {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try escapedScalar()
    default: throw failure("an escaped character")
    }
  }

  /// Reads the scalar of `\uXXXX`, or of the surrogate pair `\uXXXX\uXXXX`.
  private mutating func escapedScalar() throws(Failure) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard (0xD800..<0xDC00).contains(first), skips("\\"), skips("u") else { throw failure("a pair of surrogates") }
    let second = try hexadecimal()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw failure("a pair of surrogates") }
    return scalar
  }

  private mutating func hexadecimal() throws(Failure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
        throw failure("four hexadecimal digits")
      }
      value = value << 4 + UInt32(digit)
      position += 1
    }
    return value
  }

  private mutating func number() throws(Failure) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10 {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(digit))
      if overflow || carry { throw failure("a number below 2^63") }
      value = sum
      position += 1
    }
    let digits = position - start
    guard digits > 0, digits == 1 || bytes[start] != UInt8(ascii: "0") else { throw failure("an integer") }
    return value
  }

  // MARK: Punctuation

  private mutating func take(_ mark: Unicode.Scalar) throws(Failure) {
    if !takes(mark) { throw failure("'\(mark)'") }
  }

  /// Skips white space and then the mark, and returns whether the mark is present.
  private mutating func takes(_ mark: Unicode.Scalar) -> Bool {
    skipSpace()
    return skips(mark)
  }

  private mutating func skips(_ mark: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: mark) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }
}
