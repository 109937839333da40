package import Foundation

/// A run of a command that trains models, as stored in the record.
package struct Run: Sendable, Equatable, Codable {
  package enum State: String, Sendable, Codable {
    case running, finished, failed
    /// Stopped by the user or by a crash of its process; it can be resumed.
    case interrupted
    /// Its row in the record was changed outside of Atelier, or is invalid; the run can only be removed.
    case damaged
  }

  /// The name of the run's folder.
  package let name: String
  /// The command: train, sweep or quickstart.
  package let kind: String
  package var state = State.running
  /// The reason for the failure.
  package var reason: String?
  package let started: Date
  package var ended: Date?
  /// The name of the data set, and its SHA-256 digest.
  package let data: String
  package let dataDigest: String
  /// The settings of the run; for a sweep, its entire definition.
  package let definition: String
  package let version: String
  /// The process of the run: see ``ProcessMark``.
  package var process = ProcessMark.own

  package init(
    name: String, kind: String, data: String, dataDigest: String, definition: String, version: String,
    started: Date = Date()
  ) {
    (self.name, self.kind, self.data, self.dataDigest) = (name, kind, data, dataDigest)
    (self.definition, self.version, self.started) = (definition, version, started)
  }
}

/// A model trained by a run.
package struct RunModel: Sendable, Equatable, Codable {
  package let kind: String
  /// By option name of the command line.
  package let settings: [String: String]
  package let accuracy: Double
  package let digest: String
  package let path: String
  package let fitSeconds: Double
  /// The time to evaluate the test images, and their number; nil in a record by an older version.
  package let testSeconds: Double?
  package let testImages: Int?
  /// The peak memory of this process and its local workers during training, in bytes; nil if unknown.
  package let peakBytes: Int?

  package init(
    kind: String, settings: [String: String], accuracy: Double, digest: String, path: String, fitSeconds: Double,
    testSeconds: Double? = nil, testImages: Int? = nil, peakBytes: Int? = nil
  ) {
    (self.kind, self.settings, self.accuracy, self.digest) = (kind, settings, accuracy, digest)
    (self.path, self.fitSeconds, self.testSeconds) = (path, fitSeconds, testSeconds)
    (self.testImages, self.peakBytes) = (testImages, peakBytes)
  }
}

/// A metric recorded during the training of a model, for example the loss after an epoch.
package struct RunMetric: Sendable, Equatable, Codable {
  /// The kind of model.
  package let model: String
  /// For example `loss` or `validation-accuracy`.
  package let name: String
  /// From 1.
  package let step: Int
  package let value: Double

  package init(model: String, name: String, step: Int, value: Double) {
    (self.model, self.name, self.step, self.value) = (model, name, step, value)
  }
}

/// Identifies a process uniquely, also among later processes with the same number.
package enum ProcessMark {
  /// The mark of this process.
  package static let own = mark(of: "self") ?? "\(getpid())"

  /// Returns the mark of a process; nil if there is no such process, or if it is a zombie.
  package static func of(_ process: Int32) -> String? { mark(of: "\(process)") }

  /// Whether the process of a mark is still running; false if its number now belongs to another process.
  package static func isAlive(_ mark: String) -> Bool {
    guard let number = mark.split(separator: " ").first else { return false }
    return self.mark(of: String(number)) == mark
  }

  /// The mark: process number, start time in ticks since boot, and the boot's identifier.
  private static func mark(of process: String) -> String? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8),
      let end = text.lastIndex(of: ")"), let number = text.split(separator: " ").first
    else { return nil }
    // The fields from the third on (the state) follow the name, which may contain anything; the start time is the 22nd.
    let fields = text[end...].split(separator: " ")
    guard fields.count > 20, !["Z", "X"].contains(fields[1]) else { return nil }
    return "\(number) \(fields[20]) \(boot.trimmingCharacters(in: .whitespacesAndNewlines))"
  }
}
