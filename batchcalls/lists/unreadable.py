"""Why a whole list cannot be used, and what to do about it."""

from __future__ import annotations

_SENTENCES = {
    "empty_file": "The file is empty. Choose a file with a header row and recipients.",
    "no_header": "The list has no row with the names of its columns. "
    "Add one above the recipients, for example: phone_number, name.",
    "no_header_row": "Row {row} has no text, so it cannot be the header. Choose another row.",
    "no_rows": "The file has a header but no rows. Add at least one row below the header, "
    "or choose another file.",
    "bad_header": "The header (row {row}) cannot be used. {why}",
    "not_text": "This is not a text file. Save the list as CSV and choose the saved file.",
    "web_page": "This is a web page (HTML), even if its name ends in .xls or .csv. Open it in a "
    "spreadsheet program, save it as .xlsx or “CSV UTF-8”, and choose the saved file.",
    "xml_workbook": "This is an “XML Spreadsheet 2003”, even if its name ends in .xls. Open it in "
    "a spreadsheet program, save it as .xlsx or “CSV UTF-8”, and choose the saved file.",
    "xml_file": "This is an XML file, not a list. Export the recipients as CSV or .xlsx instead.",
    "no_workbook": "The file is not a workbook and has no sheet “{given}”. Leave the sheet blank.",
    "bad_encoding": "The file is {misfits}. Choose its encoding, or save it as “CSV UTF-8”.",
    "broken_workbook": "The workbook cannot be read: it is damaged, protected, or of another kind "
    "than .xlsx. Open it, save it as .xlsx or “CSV UTF-8”, and choose the saved file.",
    "legacy_workbook": "This is an old Excel workbook (.xls) or one with a password. Remove the "
    "password if there is one, save it as .xlsx or “CSV UTF-8”, and choose the saved file.",
    "opendocument_workbook": "This is an OpenDocument file (.ods). "
    "Save it as .xlsx or “CSV UTF-8”, and choose the saved file.",
    "workbook_too_large": "The workbook is too large to be unpacked here: {what}. "
    "Save the sheet with the recipients as “CSV UTF-8”, and choose the saved file.",
    "unknown_sheet": "The workbook has no visible sheet “{given}”. Choose one of these: {known}.",
    "no_sheet": "The workbook has no visible sheet with cells. Unhide the one with the recipients.",
    "unknown_encoding": "“{given}” is not an encoding known here. Known are: {known}.",
    "bad_delimiter": "“{given}” cannot separate columns. Use a comma, semicolon, tab or pipe.",
    "too_many_columns": "The list has {found:,} columns, {limit:,} at most. Delete empty ones too.",
    "too_many_rows": "The list has more than {limit:,} rows. Split it into several lists.",
    "unclosed_quote": 'Row {row} opens a quote (") that is never closed, so the rows after it '
    "cannot be told apart. Close or remove that quote; if the file was cut off, save it again.",
}


class UnreadableList(Exception):
    """The whole list cannot be used; ``message`` says why and what to do."""

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.message = _SENTENCES[code].format(**values)
        super().__init__(self.message)
