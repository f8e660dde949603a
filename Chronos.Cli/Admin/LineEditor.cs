using System.Text;

namespace Chronos.Cli.Admin;

/// <summary>Reads a line from the terminal, with a cursor that moves and the lines of before at hand.</summary>
internal sealed class LineEditor(TextWriter output, IReadOnlyList<string> history)
{
    private readonly StringBuilder _line = new();
    private int _cursor;
    private int _back;

    /// <summary>Null at the end of the input (Ctrl-D on an empty line).</summary>
    public string? Read(string prompt)
    {
        _line.Clear();
        (_cursor, _back) = (0, 0);
        Draw(prompt);
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            switch (key)
            {
                case { Key: ConsoleKey.Enter }:
                    output.WriteLine();
                    output.Flush();
                    return _line.ToString();
                case { Key: ConsoleKey.D, Modifiers: ConsoleModifiers.Control } when _line.Length == 0:
                    output.WriteLine();
                    output.Flush();
                    return null;
                default:
                    Edit(key);
                    Draw(prompt);
                    break;
            }
        }
    }

    private void Edit(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.LeftArrow: _cursor = Math.Max(0, _cursor - 1); break;
            case ConsoleKey.RightArrow: _cursor = Math.Min(_line.Length, _cursor + 1); break;
            case ConsoleKey.Home: _cursor = 0; break;
            case ConsoleKey.End: _cursor = _line.Length; break;
            case ConsoleKey.A when key.Modifiers == ConsoleModifiers.Control: _cursor = 0; break;
            case ConsoleKey.E when key.Modifiers == ConsoleModifiers.Control: _cursor = _line.Length; break;
            case ConsoleKey.U when key.Modifiers == ConsoleModifiers.Control:
                _line.Remove(0, _cursor);
                _cursor = 0;
                break;
            case ConsoleKey.UpArrow: Recall(_back + 1); break;
            case ConsoleKey.DownArrow: Recall(_back - 1); break;
            case ConsoleKey.Backspace when _cursor > 0: _line.Remove(--_cursor, 1); break;
            case ConsoleKey.Delete when _cursor < _line.Length: _line.Remove(_cursor, 1); break;
            case ConsoleKey.Backspace or ConsoleKey.Delete: break;
            default:
                if (!char.IsControl(key.KeyChar))
                {
                    _line.Insert(_cursor++, key.KeyChar);
                }

                break;
        }
    }

    private void Recall(int back)
    {
        if (back < 0 || back > history.Count)
        {
            return;
        }

        _back = back;
        _line.Clear().Append(back == 0 ? "" : history[^back]);
        _cursor = _line.Length;
    }

    /// <summary>The whole line anew, and the cursor back to where it belongs.</summary>
    private void Draw(string prompt)
    {
        output.Write($"\r\u001b[K{prompt}{_line}");
        if (_line.Length > _cursor)
        {
            output.Write($"\u001b[{_line.Length - _cursor}D");
        }

        output.Flush();
    }
}
