internal import Foundation

/// Returns the number of bytes that this process can still allocate: the minimum of the machine's available memory, the
/// limits of its control groups (containers), and its limit of address space.
/// - Parameters:
///   - root: a prefix of every path that is read
///   - addressSpace: the limit of address space in bytes (`ulimit -v`); nil: no limit
/// - Returns: nil if nothing is known
package func availableMemory(root: String = "", addressSpace: Int? = addressSpaceLimit()) -> Int? {
  let machine = kibibytes("MemAvailable:", in: "\(root)/proc/meminfo")
  let taken = kibibytes("VmSize:", in: "\(root)/proc/self/status") ?? 0
  let space = addressSpace.map { max(0, $0 - taken) }
  return [machine, ControlGroups(root: root).memoryLeft, space].compactMap { $0 }.min()
}

/// Returns the limit of address space (`ulimit -v`) in bytes; nil: no limit.
package func addressSpaceLimit() -> Int? {
  var limit = rlimit()
  guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return nil }
  return Int(exactly: limit.rlim_cur)
}

/// Returns the value of a line such as `MemAvailable:   123456 kB` in bytes.
private func kibibytes(_ name: String, in file: String) -> Int? {
  let text = try? String(contentsOfFile: file, encoding: .utf8)
  let line = text?.split(separator: "\n").first { $0.hasPrefix(name) }
  return line?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first.map { $0 * 1024 }
}
