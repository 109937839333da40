internal import Foundation
internal import SwiftProtobuf

/// A message from another process whose values are checked once, when it is received.
///
/// A number out of bounds or a name of the wrong length makes the whole message invalid: the receiver drops and counts
/// it. Free text is shortened and cleaned instead. Code that calculates with a number of a message or prints its text
/// need not check it again.
package protocol BoundedMessage {
  /// Whether no sum or product of the message's numbers can overflow.
  var isWithinBounds: Bool { get }
  /// Removes control characters from free texts, and shortens them.
  mutating func cleanTexts()
}

/// The largest values, far above those of any real job.
private enum Bound {
  /// Steps, generations, message numbers.
  static let counter: UInt64 = 1 << 48
  /// Images, milliseconds, completed tasks.
  static let count: UInt64 = 1 << 40
  /// Tasks of a job. The product with the number of images per task does not overflow.
  static let tasks: UInt64 = 1 << 29
  static let epochs: UInt64 = 1 << 20
  static let threads: UInt32 = 1 << 16
  static let bytes: UInt64 = 1 << 56
  static let tensors = 1 << 15
  static let members = 1 << 14
  /// States or checked gradients in one report.
  static let comparisons = 16
  static let digest = 64
  /// Bytes that a probe asks to be returned: one frame.
  static let echo: UInt32 = 1 << 20
  static let endpoints = 64
  /// Characters of a name.
  static let name = 256
  /// Characters of a reason.
  static let reason = 2_000
}

extension WorkerMessage: BoundedMessage {
  package var isWithinBounds: Bool {
    switch body {
    case .status(let status): status.isWithinBounds
    case .result(let result): result.digest.count <= Bound.digest && result.bytes.isWithinBounds
    case .checkpoint(let checkpoint): checkpoint.step <= Bound.counter && checkpoint.bytes.isWithinBounds
    case .blobRequest(let request): request.isWithinBounds
    case .uploadPart(let part): part.isWithinBounds
    case .enrollment(let enrollment): enrollment.key.count <= Bound.digest
    case .probe(let probe): probe.echo <= Bound.echo
    case nil: true
    }
  }

  package mutating func cleanTexts() {
    switch body {
    case .status(var status):
      status.cleanTexts()
      body = .status(status)
    case .result(var result) where result.hasError:
      result.error.reason = result.error.reason.cleaned(atMost: Bound.reason)
      body = .result(result)
    case .enrollment(var enrollment):
      enrollment.host = enrollment.host.cleaned(atMost: Bound.name)
      body = .enrollment(enrollment)
    default: break
    }
  }
}

extension CoordinatorMessage: BoundedMessage {
  package var isWithinBounds: Bool {
    switch body {
    case .orders(let orders): orders.isWithinBounds
    case .blobPart(let part): part.isWithinBounds
    case .uploadRequest(let request): request.isWithinBounds
    case .probeAnswer(let answer): answer.exchangeEndpoints.count <= Bound.endpoints
    case .refusal, .enrolled, nil: true
    }
  }

  package mutating func cleanTexts() {
    switch body {
    case .refusal(var refusal):
      refusal.reason = refusal.reason.cleaned(atMost: Bound.reason)
      body = .refusal(refusal)
    case .probeAnswer(var answer):
      answer.version = answer.version.cleaned(atMost: Bound.name)
      answer.exchangeEndpoints = answer.exchangeEndpoints.map { $0.cleaned(atMost: Bound.name) }
      body = .probeAnswer(answer)
    case .enrolled(var enrolled):
      enrolled.name = enrolled.name.cleaned(atMost: Bound.name)
      body = .enrolled(enrolled)
    default: break
    }
  }
}

extension ExchangeHeader: BoundedMessage {
  package var isWithinBounds: Bool { generation <= Bound.counter && step <= Bound.counter }
  package func cleanTexts() {}
}

extension WorkerStatus {
  fileprivate var isWithinBounds: Bool {
    number <= Bound.counter && orders <= Bound.counter && tasksDone <= Bound.count
      && profile.threads <= Bound.threads && profile.exchangeEndpoint.utf8.count <= Bound.name
      && profile.exchangeKey.count <= Bound.digest && (!hasMembership || membership.isWithinBounds)
  }

  fileprivate mutating func cleanTexts() {
    profile.host = profile.host.cleaned(atMost: Bound.name)
    profile.instructionSet = profile.instructionSet.cleaned(atMost: Bound.name)
    profile.version = profile.version.cleaned(atMost: Bound.name)
    profile.exchangeEndpoint = profile.exchangeEndpoint.cleaned(atMost: Bound.name)
    if hasError { error.reason = error.reason.cleaned(atMost: Bound.reason) }
  }
}

extension Membership {
  fileprivate var isWithinBounds: Bool {
    [generation, step, agreedStep, droppedMessages].allSatisfy { $0 <= Bound.counter }
      && waitedMilliseconds <= Bound.count && bytesSent <= Bound.bytes
      && comparisons.count <= Bound.comparisons && comparisons.allSatisfy(\.isWithinBounds)
      && progress.isWithinBounds
  }
}

extension Comparison {
  fileprivate var isWithinBounds: Bool {
    step <= Bound.counter && tensorDigests.count <= Bound.tensors && gradientDigests.count <= Bound.comparisons
  }
}

extension TrainingProgress {
  /// The loss is not bounded: that of a diverging training is infinite or NaN.
  fileprivate var isWithinBounds: Bool {
    epoch <= Bound.epochs && epochs <= Bound.epochs && done <= Bound.count && total <= Bound.count
      && validationAccuracy <= 1
  }
}

extension Orders {
  fileprivate var isWithinBounds: Bool {
    number <= Bound.counter
      && chunks.allSatisfy { $0.first <= Bound.tasks && $0.count <= Bound.tasks && $0.file.count <= Bound.digest }
      && [group.generation, group.step, group.savedStep, group.agreedStep].allSatisfy { $0 <= Bound.counter }
      && group.members.count <= Bound.members
      && group.members.allSatisfy { $0.threads <= Bound.threads && $0.endpoint.utf8.count <= Bound.name }
  }
}

extension BytesDigest {
  fileprivate var isWithinBounds: Bool { count <= Bound.bytes && digest.count <= Bound.digest }
}

extension BlobRequest {
  fileprivate var isWithinBounds: Bool { digest.count <= Bound.digest && offset <= Bound.bytes }
}

extension BlobPart {
  fileprivate var isWithinBounds: Bool { digest.count <= Bound.digest && offset <= Bound.bytes && total <= Bound.bytes }
}

extension String {
  /// Returns the text for logs and terminals: shortened, with control characters (including those that change the
  /// direction of writing) replaced by `U+FFFD`.
  func cleaned(atMost count: Int) -> String {
    let isCut = unicodeScalars.count > count
    let scalars = unicodeScalars.prefix(count).map { scalar -> Character in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: "\u{FFFD}"
      default: Character(scalar)
      }
    }
    return String(scalars) + (isCut ? "…" : "")
  }
}
