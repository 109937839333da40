/// A metric in the sense of Prometheus.
///
/// Names include the base unit, and names of counters end in `_total`: `atelier_bytes_sent_total`,
/// `atelier_epoch_seconds`.
/// See https://prometheus.io/docs/practices/naming/.
package struct PrometheusMetric: Sendable, Equatable {
  package enum Kind: String, Sendable {
    /// A value that only increases.
    case counter
    /// A value that increases and decreases.
    case gauge
  }

  package struct Sample: Sendable, Equatable {
    package var labels: [Label]
    package var value: Double

    package init(_ value: Double, labels: [Label] = []) { (self.value, self.labels) = (value, labels) }
  }

  package struct Label: Sendable, Equatable {
    package let name: String
    package let value: String

    /// - Parameters:
    ///   - name: letters, digits and `_`, not starting with a digit
    ///   - value: any text
    package init(_ name: String, _ value: String) {
      precondition(isName(name, with: "_"), "'\(name)' is not a valid label name")
      (self.name, self.value) = (name, value)
    }
  }

  package let name: String
  package let help: String
  package let kind: Kind
  /// One sample for each combination of labels.
  package var samples: [Sample]

  /// - Parameters:
  ///   - name: letters, digits, `_` and `:`, not starting with a digit
  ///   - help: a description in one sentence
  package init(_ name: String, _ kind: Kind, help: String, samples: [Sample]) {
    precondition(isName(name, with: "_:"), "'\(name)' is not a valid metric name")
    (self.name, self.kind, self.help, self.samples) = (name, kind, help, samples)
  }

  package init(_ name: String, _ kind: Kind, help: String, value: Double) {
    self.init(name, kind, help: help, samples: [Sample(value)])
  }
}

private func isName(_ text: String, with signs: String) -> Bool {
  let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + signs
  guard let first = text.utf8.first, letters.utf8.contains(first) else { return false }
  return text.utf8.allSatisfy { letters.utf8.contains($0) || (0x30...0x39).contains($0) }
}

extension PrometheusMetric {
  /// The metric in Prometheus' text format, version 0.0.4.
  var prometheusText: String {
    var text = "# HELP \(name) \(escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    for sample in samples {
      let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",")
      text += name + (labels.isEmpty ? "" : "{\(labels)}") + " " + number(sample.value) + "\n"
    }
    return text
  }

  private func escaped(_ text: String, quotes: Bool) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\".unicodeScalars
      case "\n": result += "\\n".unicodeScalars
      case "\"" where quotes: result += "\\\"".unicodeScalars
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  private func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    return Int(exactly: value).map(String.init) ?? "\(value)"
  }
}
