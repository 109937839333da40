internal import Foundation
internal import Text

/// The mapping from the values of an axis to pixels, and its ticks.
struct AxisScale {
  struct Tick: Equatable {
    var value: Double
    var label: String
  }

  let axis: Axis
  /// In units of the axis; for a logarithmic axis, decimal logarithms.
  private let range: ClosedRange<Double>
  /// The approximate number of ticks.
  private let count: Int
  /// The distance between the ticks of a linear axis.
  private let step: Double
  /// The positions of the ends of the range, in pixels.
  var start = 0.0
  var end = 1.0

  /// - Parameters:
  ///   - data: the values that the range covers, unless the axis has a range
  ///   - isRounded: whether the range is extended to the next ticks
  init(_ axis: Axis, data: Bounds, isRounded: Bool = true, ticks count: Int = 6) {
    (self.axis, self.count) = (axis, count)
    let isLogarithmic = axis.scale == .logarithmic
    func bounds(_ range: ClosedRange<Double>?) -> ClosedRange<Double>? {
      let ends = range.map { [$0.lowerBound, $0.upperBound] } ?? []
      guard !ends.isEmpty, ends.allSatisfy({ $0.isFinite && (!isLogarithmic || $0 > 0) }) else { return nil }
      return Bounds(isLogarithmic ? ends.map { log10($0) } : ends).range
    }
    let stated = bounds(axis.range)
    let exact = Self.widened(stated ?? bounds(isLogarithmic ? data.positive : data.range) ?? 0...1, axis)
    step = Self.step(exact, axis, count)
    range = isRounded && stated == nil ? Self.rounded(exact, axis, step: step, count) : exact
  }

  /// Returns the relative position in the range, from 0 at its lower bound to 1 at its upper bound; nil for a value
  /// without a position on the axis.
  func fraction(_ value: Double) -> Double? {
    guard value.isFinite, axis.scale == .linear || value > 0 else { return nil }
    return range.fraction(of: axis.scale == .logarithmic ? log10(value) : value)
  }

  /// Returns the position in pixels; nil for a value without a position on the axis. Positions far outside the range
  /// are clamped to a few lengths of the axis.
  func position(_ value: Double) -> Double? { fraction(value).map { start + (end - start) * min(max($0, -2), 3) } }

  var ticks: [Tick] {
    if axis.scale == .logarithmic {
      let values = Self.powers(range, count).filter { (-1e-9...1 + 1e-9).contains(fraction($0) ?? -1) }
      return values.map { Tick(value: $0, label: axis.format.text($0)) }
    }
    guard let indices = Self.indices(range, step) else {
      return [range.lowerBound, range.upperBound].map { Tick(value: $0, label: axis.format.text($0)) }
    }
    return indices.map { Tick(value: Double($0) * step, label: label(Double($0) * step)) }
  }

  /// The label of a tick, with enough decimals to distinguish neighboring ticks.
  private func label(_ value: Double) -> String {
    let factor = axis.format == .percent ? 100 : 1.0
    let decimals = max(0, -Int((log10(step * factor) + 1e-9).rounded(.down)))
    let largest = max(abs(range.lowerBound), abs(range.upperBound)) * factor
    let isPlain = decimals <= 4 && largest < 1e7
    let number =
      isPlain ? NumberText.fixed(value * factor, decimals: decimals) : NumberText.compact(value * factor)
    return axis.format == .percent ? number + " %" : number
  }
}

extension AxisScale {
  /// Extends a range that consists of a single value.
  private static func widened(_ range: ClosedRange<Double>, _ axis: Axis) -> ClosedRange<Double> {
    let (low, high) = (range.lowerBound, range.upperBound)
    guard high - low <= max(abs(low), abs(high)) * 1e-12 else { return range }
    let margin =
      axis.scale == .logarithmic ? 0.3 : axis.format == .whole || low == 0 ? max(1, abs(low) * 0.1) : abs(low) * 0.1
    return low - margin...high + margin
  }

  /// 1, 2 or 5 times a power of ten.
  private static func step(_ range: ClosedRange<Double>, _ axis: Axis, _ count: Int) -> Double {
    let raw = (range.upperBound - range.lowerBound) / Double(max(1, count))
    let power = pow(10, log10(raw).rounded(.down))
    let step = ([1, 2, 5].map { $0 * power }.first { $0 >= raw * 0.999_999 }) ?? 10 * power
    return axis.format == .whole ? max(1, step) : step
  }

  /// The multiples of the step within the range; nil if floating-point precision does not suffice to distinguish them.
  private static func indices(_ range: ClosedRange<Double>, _ step: Double) -> ClosedRange<Int>? {
    let first = (range.lowerBound / step - 1e-6).rounded(.up)
    let last = (range.upperBound / step + 1e-6).rounded(.down)
    guard first <= last, max(abs(first), abs(last)) < 1e9 else { return nil }
    return Int(first)...Int(last)
  }

  /// The ticks in and next to a range of logarithms: 1, 2 and 5 times each power of ten, or fewer if there would be too
  /// many.
  private static func powers(_ range: ClosedRange<Double>, _ count: Int) -> [Double] {
    let decades = Int(range.lowerBound.rounded(.down))...Int(range.upperBound.rounded(.up))
    if range.upperBound - range.lowerBound < 3 {
      return decades.flatMap { decade in [1, 2, 5].map { $0 * pow(10, Double(decade)) } }
    }
    let stride = (decades.count + count - 1) / max(1, count)
    return decades.filter { $0.isMultiple(of: stride) }.map { pow(10, Double($0)) }
  }

  private static func rounded(
    _ range: ClosedRange<Double>, _ axis: Axis, step: Double, _ count: Int
  ) -> ClosedRange<Double> {
    if axis.scale == .logarithmic {
      let places = powers(range, count).map { log10($0) }
      let low = places.last { $0 <= range.lowerBound + 1e-9 } ?? range.lowerBound
      return low...max(low, places.first { $0 >= range.upperBound - 1e-9 } ?? range.upperBound)
    }
    let (low, high) = ((range.lowerBound / step + 1e-6).rounded(.down), (range.upperBound / step - 1e-6).rounded(.up))
    guard max(abs(low), abs(high)) < 1e9 else { return range }
    return low * step...high * step
  }
}
