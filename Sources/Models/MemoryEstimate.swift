internal import Compute

/// An estimate of the peak memory of a fit, besides the images themselves, within a factor of about two. The size of
/// the trees of a forest depends on the images; the estimate assumes images as difficult as those of common data sets.
///
/// Numbers of bytes are `Double`, so that no setting makes them overflow.
package struct MemoryEstimate: Sendable {
  /// A part that grows with some of the settings.
  package struct Part: Sendable {
    package let bytes: Double
    /// The settings that determine it, as the user wrote them: `batch 65536`.
    package let cause: String
    /// The advice for reducing it: `lower --batch or --filters`.
    package let remedy: String
  }

  /// The parts in each process that computes.
  package var computing: [Part] = []
  /// The parts in the process that assembles the model, which also computes if there are no workers.
  var collecting: [Part] = []

  package init() {}

  private static func sum(_ parts: [Part]) -> Double { parts.reduce(0) { $0 + $1.bytes } }

  /// The bytes in a process that does everything.
  package var bytes: Double { Self.sum(computing) + Self.sum(collecting) }

  /// Checks that the fit has enough memory.
  /// - Parameters:
  ///   - processes: the number of computing processes on this machine
  ///   - collects: whether the model is assembled on this machine
  ///   - available: bytes; nil: not known
  /// - Throws: ``ModelError/insufficientMemory(_:)``, which names the setting that needs the most memory.
  package func check(
    processes: Int = 1, collects: Bool = true, available: Int? = availableMemory()
  ) throws(ModelError) {
    guard let available else { return }
    let parts =
      computing.map { Part(bytes: $0.bytes * Double(processes), cause: $0.cause, remedy: $0.remedy) }
      + (collects ? collecting : [])
    let needed = Self.sum(parts)
    guard needed > Double(available), let largest = parts.max(by: { $0.bytes < $1.bytes }) else { return }
    throw .insufficientMemory(
      """
      this fit needs about \(Self.text(needed)) of memory, most of it for \(largest.cause)\
      \(processes > 1 ? " in \(processes) workers" : ""), but only \(Self.text(Double(available))) are available; \
      \(largest.remedy)
      """)
  }

  /// Returns a text such as `1.2 GiB`.
  private static func text(_ bytes: Double) -> String {
    var (value, unit) = (bytes / 1024, "KiB")
    for next in ["MiB", "GiB", "TiB"] where value >= 1024 { (value, unit) = (value / 1024, next) }
    let tenths = Int(min(value * 10, 1e15).rounded())
    return tenths < 1000 ? "\(tenths / 10).\(tenths % 10) \(unit)" : "\(tenths / 10) \(unit)"
  }
}
