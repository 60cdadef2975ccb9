"""What may be an opt-out in a transcript, and what must not be taken for one."""

from __future__ import annotations

import pytest

from campaigns.opt_outs_heard import AGENT, CALLEE, LONGEST_HEARD, Heard, heard_in

OPT_OUTS = {
    "English": [
        "take me off your list",
        "Please take my number off of your list.",
        "Can you remove me from your database?",
        "Remove me.",
        "Don't call me again",
        "do not call me before 9",
        "Please don't ever call this number again",
        "Stop calling me!",
        "STOP",
        "Stop. Stop.",
        "Please stop",
        "I don't want any more calls",
        "I don't want to be called",
        "I no longer want to receive calls from you.",
        "I want to opt out.",
        "unsubscribe",
        "Put me on your do not call list",
        "Put my number on the do-not-call list",
        "lose my number",
        "Leave me alone!",
        "I revoke my consent.",
        "Quit phoning here",
        "I don’t want you calling my house",
        "Do not call.",
        "Not interested, don't call back.",
        "I want off your list",
        "I'd like to be taken off this list",
        "Cease and desist!",
        "This is harassment.",
        "Quit bugging me",
        "No calls, please",
        "I do not consent to these calls",
        "Remove.",
    ],
    "German": [
        "Rufen Sie mich nicht mehr an!",
        "Bitte rufen Sie hier nie wieder an.",
        "Rufen Sie mich nicht vor 9 an",
        "Streichen Sie mich von Ihrer Liste",
        "Löschen Sie bitte meine Nummer",
        "Nehmen Sie mich aus der Liste",
        "Ich möchte nicht mehr angerufen werden",
        "Ich will keine Anrufe mehr",
        "Lassen Sie mich in Ruhe",
        "Hören Sie auf anzurufen",
    ],
    "French": [
        "Ne m'appelez plus",
        "Ne me rappelez plus jamais, s'il vous plaît",
        "Arrêtez de m'appeler",
        "Retirez-moi de votre liste",
        "Enlevez mon numéro",
        "Je ne veux plus être appelé",
        "Laissez-moi tranquille",
        "Je souhaite me désinscrire",
    ],
    "Spanish": [
        "No me llame más",
        "No me vuelvan a llamar",
        "No me llame antes de las nueve",
        "Quítenme de su lista",
        "Borre mi número",
        "Dejen de llamarme",
        "Quiero darme de baja",
        "No quiero que me llamen",
        "No quiero recibir llamadas",
    ],
    "Hindi": [
        "मुझे फोन मत करो",
        "दोबारा कॉल मत करना",
        "कृपया मुझे कॉल न करें",
        "कॉल करना बंद करो",
        "मेरा नंबर लिस्ट से हटा दो",
        "mujhe call mat karo",
        "phone karna band karo",
    ],
    "Portuguese": [
        "Não me ligue mais",
        "Pare de me ligar",
        "Me tira da lista",
    ],
    "Italian": [
        "Non mi chiami più",
        "Toglietemi dalla lista",
    ],
}
OTHERS = [
    "Please don't stop calling me, I like it",
    "Don't hesitate to call me",
    "Don't forget to call me back tomorrow",
    "I don't want to unsubscribe",
    "Take me off hold, please",
    "Take me off speaker",
    "Why don't you call",
    "We don't call.",
    "Stop by the office",
    "I can't stop thinking about it",
    "Don't stop",
    "don't stop calling it a bargain, it's great",
    "I can't stop laughing",
    "You never called me back.",
    "You never call me back!",
    "Take me through the list",
    "Is this number on your list?",
    "Please don't hang up.",
    "I don't call that cheap",
    "I did not call you",
    "Stop by tomorrow",
    "Put me on your list",
    "Call me, don't email me",
    "Don't take me off your list",
    "I don't want to opt out",
    "Could you call me back tomorrow?",
    "Thanks, but I'm not interested.",
    "We already have someone for that.",
    "I don't need it anymore.",
    "Why didn't you call me earlier?",
    "Remove the second item from my order",
    "I take my coffee off the menu",
    "The bus stop is near",
    "It won't stop raining",
    "I didn't get your call",
    "Ich rufe Sie morgen an",
    "Ich habe nicht angerufen",
    "Rufen Sie mich morgen an",
    "Nehmen Sie mich mit",
    "Ich nehme das",
    "Rappelez-moi demain",
    "Je n'ai pas appelé",
    "Appelez-moi plus tard",
    "Llámeme mañana",
    "No me llamo Pedro",
    "No le he llamado",
    "Sí, por favor llámeme",
    "मुझे कल फोन करो",
    "मैंने कॉल नहीं की",
    "मुझे कल फोन कीजिए",
    "call karo kal",
    "Pode me ligar amanhã",
    "Mi chiami domani",
    "Yes, that's right.",
    "Before I decide: What would that cost me?",
    "9",
    "I am on the no-fly list",
    "What number are you calling from?",
]
#: What an agent says, the key that ends the calls, and another key.
MENUS = [
    ("Press 1 to talk to us, or press 9 to be removed from our list.", "9", "1"),
    ("To stop these calls, press 2.", "2", "1"),
    ("press nine to opt out", "9", "1"),
    ("Drücken Sie die 9, um keine Anrufe mehr zu erhalten", "9", "1"),
    ("Appuyez sur la touche 9 pour ne plus recevoir d'appels", "9", "1"),
    ("Pulse 9 para no recibir más llamadas o pulse 1 para hablar", "9", "1"),
    ("हटाने के लिए 9 दबाएं", "9", "1"),
]


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language in OPT_OUTS for text in OPT_OUTS[language]]
)
def test_an_opt_out_is_heard_in_each_language(language: str, text: str) -> None:
    turns = [(AGENT, "Hello, this is Ann."), (CALLEE, "Hm."), (CALLEE, text)]
    assert heard_in(turns) == Heard(text, language)
    assert heard_in([(CALLEE, text.upper())]) is not None


@pytest.mark.parametrize("text", OTHERS)
def test_other_sentences_are_not_taken_for_an_opt_out(text: str) -> None:
    assert heard_in([(CALLEE, text)]) is None


def test_what_the_agent_says_is_no_opt_out() -> None:
    assert heard_in([(AGENT, "Shall I take you off our list, or stop calling?")]) is None


@pytest.mark.parametrize("written", ["{}", "DTMF: {}", "Pressed Button: {}", "<pressed {}>", "{}."])
@pytest.mark.parametrize(("menu", "key", "other"), MENUS)
def test_the_key_that_ends_the_calls_opts_out_and_other_keys_do_not(
    menu: str, key: str, other: str, written: str
) -> None:
    pressed = heard_in([(AGENT, menu), (CALLEE, written.format(key))])
    assert pressed is not None
    assert pressed.language == "Key press"
    assert heard_in([(AGENT, menu), (CALLEE, written.format(other))]) is None


def test_a_key_that_means_something_else_does_not_opt_out() -> None:
    assert heard_in([(AGENT, "Press 9 for sales."), (CALLEE, "9")]) is None
    assert heard_in([(CALLEE, "9"), (AGENT, "Press 9 to opt out.")]) is None


def test_a_long_turn_is_cut_around_what_was_heard() -> None:
    turn = "well " * 200 + "take me off your list " + "and " * 200
    heard = heard_in([(CALLEE, turn)])
    assert heard is not None
    assert len(heard.text) == LONGEST_HEARD
    assert "take me off your list" in heard.text
