internal import Evaluation

/// Numbers of models as all chapters write them.
enum Wording {
  static func count(_ number: Int) -> String { NumberText.fixed(Double(number), decimals: 0) }

  /// "3 images", "1 image"
  static func count(_ number: Int, _ noun: String) -> String { "\(count(number)) \(noun)\(number == 1 ? "" : "s")" }

  /// A share. Its sign stays on the line of the number, as do all units here.
  static func percent(_ share: Double) -> String {
    NumberText.percent(share).replacing(" ", with: "\u{a0}")
  }

  /// From `lower` to `upper`, both shares.
  static func percents(_ lower: Double, _ upper: Double) -> String {
    "\(NumberText.fixed(lower * 100, decimals: 1))–\(Wording.percent(upper))"
  }

  /// A difference of two shares.
  static func points(_ share: Double) -> String {
    let text = NumberText.fixed(share * 100, decimals: 1)
    return text == "1.0" || text == "−1.0" ? "\(text)\u{a0}point" : "\(text)\u{a0}points"
  }

  /// A share that is a target, and so mostly whole: "98 %", "99.5 %".
  static func target(_ share: Double) -> String { NumberText.compact(share * 100) + "\u{a0}%" }

  static func pValue(_ value: Double) -> String {
    value < 0.001 ? "p\u{a0}<\u{a0}0.001" : "p\u{a0}=\u{a0}" + NumberText.fixed(value, decimals: value < 0.1 ? 3 : 2)
  }

  static func seconds(_ seconds: Double) -> String {
    switch seconds {
    case ..<Statements.leastSeconds: "<\u{a0}\(NumberText.compact(Statements.leastSeconds))\u{a0}s"
    case ..<10: NumberText.compact(seconds, digits: 2) + "\u{a0}s"
    case ..<120: NumberText.fixed(seconds, decimals: 0) + "\u{a0}s"
    case ..<7200: NumberText.fixed(seconds / 60, decimals: 1) + "\u{a0}min"
    default: NumberText.fixed(seconds / 3600, decimals: 1) + "\u{a0}h"
    }
  }

  static func bytes(_ bytes: Int) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB"]
    let (value, unit) = units.dropFirst().reduce((Double(bytes), units[0])) { known, unit in
      known.0 >= 1000 ? (known.0 / 1000, unit) : known
    }
    return NumberText.compact(value, digits: 3) + "\u{a0}" + unit
  }

  /// In the user's own money, whose unit is not known.
  static func money(_ amount: Double) -> String {
    NumberText.fixed(amount, decimals: abs(amount) < 100 ? 2 : 0)
  }

  static func money(_ interval: MeanInterval) -> String { "\(money(interval.lower)) to \(money(interval.upper))" }
}

extension ProportionInterval {
  var percent: String { Wording.percent(share) }
  var range: String { Wording.percents(lower, upper) }
  /// "9,277 of 10,000"
  var counts: String { "\(Wording.count(successes)) of \(Wording.count(count))" }
}
