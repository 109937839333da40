internal import Foundation

/// Bytes that this process can still take: the smallest of what the machine has left, what its control groups allow (containers), and what its
/// limit of address space allows.
/// - Parameters:
///   - root: stands before every path that is read
///   - addressSpace: bytes that this process may have (`ulimit -v`); nil: no limit
/// - Returns: nil where nothing is known
package func availableMemory(root: String = "", addressSpace: Int? = addressSpaceLimit()) -> Int? {
  let machine = kibibytes("MemAvailable:", in: "\(root)/proc/meminfo")
  let taken = kibibytes("VmSize:", in: "\(root)/proc/self/status") ?? 0
  let space = addressSpace.map { max(0, $0 - taken) }
  return [machine, ControlGroups(root: root).memoryLeft, space].compactMap { $0 }.min()
}

/// `ulimit -v`, in bytes; nil: no limit.
package func addressSpaceLimit() -> Int? {
  var limit = rlimit()
  guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return nil }
  return Int(exactly: limit.rlim_cur)
}

/// A line such as `MemAvailable:   123456 kB`, in bytes.
private func kibibytes(_ name: String, in file: String) -> Int? {
  let text = try? String(contentsOfFile: file, encoding: .utf8)
  let line = text?.split(separator: "\n").first { $0.hasPrefix(name) }
  return line?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first.map { $0 * 1024 }
}
