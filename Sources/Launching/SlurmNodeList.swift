internal import Text

/// Slurm's notation of node names: `n[1-2,05-07],gpu3` (slurm.conf(5), section "NODE CONFIGURATION").
package enum SlurmNodeList {
  /// The maximum number of names; a longer list is an error, not a long loop.
  package static let maxNames = 65_536

  /// Returns the names in order. Numbers keep their leading zeros. A name may have several bracketed parts, of which
  /// the last varies fastest.
  /// - Throws: ``LaunchError``
  package static func names(_ text: String) throws(LaunchError) -> [String] {
    var names: [String] = []
    for element in try elements(text) {
      names += try expand(element, of: text)
      guard names.count <= maxNames else { throw tooMany(text) }
    }
    return names
  }

  private static func invalid(_ text: String, _ reason: String) -> LaunchError {
    LaunchError("cannot read Slurm's list of nodes '\(text.prefix(200))': \(reason)")
  }

  private static func tooMany(_ text: String) -> LaunchError { invalid(text, "it has more than \(maxNames) nodes") }

  /// Splits at the commas outside brackets.
  private static func elements(_ text: String) throws(LaunchError) -> [Substring] {
    var elements: [Substring] = []
    var start = text.startIndex
    var isInside = false
    for index in text.indices {
      switch text[index] {
      case "[":
        if isInside { throw invalid(text, "a bracket inside brackets") }
        isInside = true
      case "]":
        if !isInside { throw invalid(text, "']' without '['") }
        isInside = false
      case "," where !isInside:
        elements.append(text[start..<index])
        start = text.index(after: index)
      default: break
      }
    }
    if isInside { throw invalid(text, "']' is missing") }
    elements.append(text[start...])
    if elements.contains(where: \.isEmpty) { throw invalid(text, "a name is empty") }
    return elements
  }

  private static func expand(_ element: Substring, of text: String) throws(LaunchError) -> [String] {
    var names = [""]
    var rest = element
    while !rest.isEmpty {
      let plain = rest.prefix { $0 != "[" }
      names = names.map { $0 + plain }
      rest = rest.dropFirst(plain.count)
      guard !rest.isEmpty else { break }
      let inside = rest.dropFirst().prefix { $0 != "]" }
      rest = rest.dropFirst(inside.count + 2)
      let numbers = try numbers(inside, of: text)
      guard names.count * numbers.count <= maxNames else { throw tooMany(text) }
      names = names.flatMap { name in numbers.map { name + $0 } }
    }
    return names
  }

  /// Expands `1-2,05-07` to 1, 2, 05, 06, 07.
  private static func numbers(_ ranges: Substring, of text: String) throws(LaunchError) -> [String] {
    var numbers: [String] = []
    for range in ranges.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = range.split(separator: "-", omittingEmptySubsequences: false)
      guard (1...2).contains(ends.count),
        ends.allSatisfy({ (1...9).contains($0.count) && $0.allSatisfy { $0.isASCII && $0.isNumber } }),
        let first = Int(ends[0]), let last = Int(ends[ends.count - 1]), first <= last
      else { throw invalid(text, "'\(range)' is not a number or a range of numbers") }
      guard numbers.count + last - first < maxNames else { throw tooMany(text) }
      numbers += (first...last).map { number in
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, ends[0].count - digits.count)) + digits
      }
    }
    return numbers
  }

  /// Returns the number of tasks on each node: `2(x3),1` is 2, 2, 2, 1.
  /// - Throws: ``LaunchError``
  package static func counts(_ text: String) throws(LaunchError) -> [Int] {
    var counts: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: "(", omittingEmptySubsequences: false)
      let times =
        words.count == 2 && words[1].hasPrefix("x") && words[1].hasSuffix(")")
        ? Int(words[1].dropFirst().dropLast()) : words.count == 1 ? 1 : nil
      guard let count = Int(words[0]), count >= 0, let times, (1...maxNames).contains(times),
        counts.count + times <= maxNames
      else { throw LaunchError("cannot read Slurm's numbers of tasks '\(text.prefix(200))'") }
      counts += Array(repeating: count, count: times)
    }
    return counts
  }
}
