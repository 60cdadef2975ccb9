# ruff: noqa: RUF001
"""Names as they are in lists, by the encoding that programs of their country write."""

from __future__ import annotations

import random
from collections.abc import Iterator

_TEXTS = {
    "cp1252": [
        "Jürgen Groß,Käthe Müller,Björn Schäfer,Günther Weiß,Anna Schmidt,Zoë Krämer,Köln",
        "Hélène Lefèvre,François Béranger,Benoît Lévêque,Anaïs Rançon,Agnès Forêt,Gaëlle Noël",
        "José Núñez,María Peña,Íñigo Ibáñez,Begoña Muñoz,Raúl Gutiérrez,Óscar Vázquez",
        "João Conceição,Antônio Guimarães,Luís Brandão,Inês Araújo,Tomás Leão,Cláudia Falcão",
        "Åsa Lindström,Göran Öberg,Märta Sjögren,Örjan Håkansson,Måns Bäckström",
        "Søren Kjær,Jørgen Ærø,Åse Bødker,Mette Sørensen,Bjørn Nørgård,Kåre Østergaard",
    ],
    "mac-roman": [
        "Jürgen Groß,Käthe Müller,Björn Schäfer,Günther Weiß,Anna Schmidt,Zoë Krämer,Köln",
        "Hélène Lefèvre,François Béranger,Benoît Lévêque,Anaïs Rançon,Agnès Forêt,Gaëlle Noël",
        "José Núñez,María Peña,Íñigo Ibáñez,Begoña Muñoz,Raúl Gutiérrez,Óscar Vázquez",
    ],
    "cp1250": [
        "Łukasz Wójcik,Małgorzata Żak,Paweł Gołąb,Grażyna Święcicka,Jędrzej Król,Wrocław",
        "Jiří Dvořák,Tomáš Černý,Lukáš Říha,Žaneta Ševčíková,Ondřej Kříž,Zdeněk Šťastný",
        "Győző Szűcs,Ágnes Kovács,László Tóth,Béla Vörös,Gergő Kőműves,Székesfehérvár",
    ],
    "cp1251": [
        "Иван Петров,Мария Смирнова,Алексей Кузнецов,Ольга Попова,Щукин Юрий,Москва",
        "Георги Димитров,Христо Ангелов,Цветелина Желязкова,Николай Тодоров,Пловдив",
        "Оксана Ковальчук,Іван Шевченко,Юрій Мельник,Наталія Бойко,Олексій Кравченко,Київ",
    ],
    "cp1253": ["Γιώργος Παπαδόπουλος,Μαρία Νικολάου,Κώστας Γεωργίου,Ελένη Δημητρίου,Αθήνα"],
    "cp1254": ["Ayşe Yılmaz,Mehmet Öztürk,Gülşah Çelik,İbrahim Şahin,Işıl Doğan,Eskişehir"],
    "cp1255": ["דוד כהן,שרה לוי,משה מזרחי,רחל פרץ,יוסף ביטון,אברהם דהן,תל אביב"],
    "cp1256": ["محمد أحمد,فاطمة الزهراء,علي حسن,خديجة إبراهيم,عبد الرحمن السيد,القاهرة"],
    "cp932": ["山田太郎,佐藤花子,鈴木一郎,高橋美咲,田中健太,渡辺さくら,東京都,ヤマダ タロウ"],
    "gb18030": ["王伟,李娜,张敏,刘洋,陈静,杨磊,赵丽,黄勇,北京市,上海市"],
    "big5": ["陳怡君,林志明,黃淑芬,張家豪,李美玲,王建國,吳雅婷,台北市"],
    "euc_kr": ["김민준,이서연,박지훈,최수빈,정하은,강도윤,서울특별시,부산광역시"],
}


def name_lists(rows: int, *, seed: int) -> Iterator[tuple[str, str]]:
    """Yield an encoding and a list of names from its country, for every language."""
    for encoding, languages in _TEXTS.items():
        for names in languages:
            chosen = random.Random(f"{encoding}{names}{rows}{seed}")
            lines = [
                f"+1202555{chosen.randrange(10_000):04},{chosen.choice(names.split(','))}\r\n"
                for _ in range(rows)
            ]
            text = "".join(["phone_number,name\r\n", *lines])
            if not text.isascii():
                yield encoding, text
