package import Foundation

/// One run of a command that makes models, as the record has it.
package struct Run: Sendable, Equatable, Codable {
  package enum State: String, Sendable, Codable {
    case running, finished, failed
    /// Stopped by the user, or by the death of its process: it can go on.
    case interrupted
    /// Its row in the record was changed outside of Atelier, or is none that Atelier writes: nothing is done with it but
    /// to remove it.
    case damaged
  }

  /// The name of its folder.
  package let name: String
  /// The command: train, sweep, quickstart.
  package let kind: String
  package var state = State.running
  /// Why it failed.
  package var reason: String?
  package let started: Date
  package var ended: Date?
  /// The data set's name and SHA-256.
  package let data: String
  package let dataDigest: String
  /// What it was asked to do: of a sweep, the whole of its definition.
  package let definition: String
  package let version: String
  /// Who runs it: see ``ProcessMark``.
  package var process = ProcessMark.own

  package init(
    name: String, kind: String, data: String, dataDigest: String, definition: String, version: String,
    started: Date = Date()
  ) {
    (self.name, self.kind, self.data, self.dataDigest) = (name, kind, data, dataDigest)
    (self.definition, self.version, self.started) = (definition, version, started)
  }
}

/// A model that a run has made.
package struct RunModel: Sendable, Equatable, Codable {
  package let kind: String
  /// By the names of the command line's options.
  package let settings: [String: String]
  package let accuracy: Double
  package let digest: String
  package let path: String
  package let fitSeconds: Double
  /// To judge the test images, and how many there are; nil where an older version has made the record.
  package let testSeconds: Double?
  package let testImages: Int?
  /// The most memory that this process and its local workers had together during the fit, in bytes; nil where it is not known.
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

/// A number that a model's fit has told on its way: for instance the loss after an epoch.
package struct RunMetric: Sendable, Equatable, Codable {
  /// The kind of the model.
  package let model: String
  /// For instance `loss`, `validation-accuracy`.
  package let name: String
  /// From 1.
  package let step: Int
  package let value: Double

  package init(model: String, name: String, step: Int, value: Double) {
    (self.model, self.name, self.step, self.value) = (model, name, step, value)
  }
}

/// Tells one process from all others, also from a later one with the same number.
package enum ProcessMark {
  /// Of this process.
  package static let own = mark(of: "self") ?? "\(getpid())"

  /// nil if there is no such process, or it has ended and only waits for its parent to ask how.
  package static func of(_ process: Int32) -> String? { mark(of: "\(process)") }

  /// Whether the process of a mark still runs, and not another one that was given its number.
  package static func isAlive(_ mark: String) -> Bool {
    guard let number = mark.split(separator: " ").first else { return false }
    return self.mark(of: String(number)) == mark
  }

  /// Number, start in ticks since boot, and boot.
  private static func mark(of process: String) -> String? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8),
      let end = text.lastIndex(of: ")"), let number = text.split(separator: " ").first
    else { return nil }
    // Fields from the third on, which is the state, stand behind the name, which may hold anything; the start is the 22nd.
    let fields = text[end...].split(separator: " ")
    guard fields.count > 20, !["Z", "X"].contains(fields[1]) else { return nil }
    return "\(number) \(fields[20]) \(boot.trimmingCharacters(in: .whitespacesAndNewlines))"
  }
}
