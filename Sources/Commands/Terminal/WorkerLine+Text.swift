internal import Progress
internal import Text

extension WorkerLine {
  private struct Field {
    var text: String
    /// Follows the text, and is never shortened.
    var ending = ""
    /// The place in the order in which fields are omitted; nil if the field is kept.
    var omission: Int?
    /// The least number of characters to which the text is shortened; nil if it is kept whole.
    var shortest: Int?

    var count: Int { 2 + text.count + ending.count }
  }

  /// Returns a line such as
  /// `  host 4711  2 threads avx512  images 960 to 1919  2870 images/s  48 %  12.3 MB sent  0.4 s waited`. If the line
  /// is too long, the least important fields are omitted, and then the names of the host and of the work are shortened:
  /// the end of the line would be cut.
  /// - Parameter unit: the unit of the progress; nil if the total is unknown
  func text(unit: String?, columns: Int) -> String {
    var fields = [
      Field(text: host, ending: " \(process)", shortest: 8),
      Field(text: "\(counted(threads, "thread")) \(instructionSet)", omission: 1),
    ]
    if let unit {
      fields += [
        Field(text: activity, shortest: 10),
        Field(text: "\(formatted(rate, digits: rate < 100 ? 1 : 0)) \(self.unit ?? unit)/s", omission: 3),
        Field(text: "\(formatted(100 * fraction, digits: 0)) %", omission: 2),
        Field(text: "\(formatted(Double(bytesSent) / 1e6, digits: 1)) MB sent"),
        Field(text: "\(formatted(waitingSeconds, digits: 1)) s waited"),
      ]
    }
    if lastSeen >= 1_000 {
      fields.append(Field(text: "last seen \(formatted(Double(lastSeen) / 1000, digits: 0)) s ago"))
    }
    // The last column stays free.
    var excess: Int { fields.reduce(0) { $0 + $1.count } - (columns - 1) }
    while excess > 0,
      let next = fields.indices.filter({ fields[$0].omission != nil })
        .min(by: { fields[$0].omission! < fields[$1].omission! })
    {
      fields.remove(at: next)
    }
    for index in fields.indices where excess > 0 {
      guard let shortest = fields[index].shortest else { continue }
      let text = fields[index].text
      fields[index].text = text.shortened(to: max(shortest, text.count - excess))
    }
    return fields.map { "  \($0.text)\($0.ending)" }.joined()
  }
}
