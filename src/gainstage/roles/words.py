"""What people call things in the names of their files, in several languages.

NAMES say what a track is; HINTS only suggest it and give way to any name; MODIFIERS say which kind of a
guitar or a voice. Lists are separated by commas; a phrase also counts when it is written together
(`bass drum`, `bassdrum`), and a plural `s` may follow. All is compared without case and accents.
"""

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "kick": """
        grosse trommel, kick, kik, kck, kd, bd, bass drum, kick drum, bdrum, subkick, sub kick, kickdr,
        kick beater, basedrum, fussdrum, bombo, bumbo, grosse caisse, grossecaisse, cassa, grancassa,
        gran cassa, basdrum, bastrumma, stopa, bas bubon, бочка, бас барабан, キック, バスドラ, 底鼓,
        大鼓, 킥""",
    "snare": """
        snare, snr, sn, sd, snare drum, sdrum, snr drum, rimshot, sidestick, side stick, xstick,
        cross stick, rim click, caisse claire, caja, tarola, redoblante, caixa, rullante, virvel,
        werbel, kleine trommel, малый барабан, малый, рабочий, рабочий барабан, снейр, スネア, 军鼓,
        軍鼓, 스네어""",
    "hat": """
        hat, hh, hihat, hi hat, hihh, hht, hi hh, closed hat, open hat, ohat, chat, chh, ohh, hhc, hho,
        hats, high hat, highhat, hihhat, charleston, charley, contratempo, chimbal, хэт, хай хэт,
        хайхэт, ハイハット, ハット, 踩镲, 踩鑔, 하이햇""",
    "tom": """
        tom basse, tom, tomtom, tom tom, rack tom, racktom, floor tom, floortom, ftom, rtom, toms,
        goliat, timbalao, fl tom, том, タム, 嗵鼓, 통통, 탐""",
    "cymbal": """
        cymbal, cym, cymb, crash, ride, splash, china cymbal, hi cymbal, sizzle, crashes, rides,
        becken, cymbale, platillo, platillos, prato, piatti, piatto, bekken, cymbaler, talerze,
        тарелки, тарелка, крэш, райд, シンバル, クラッシュ, ライド, 镲, 심벌""",
    "percussion": """
        rainstick, daiko, anvil, shkr, hand drum, war drum, frame drum, talking drum, finger cymbal,
        steel tongue drum, percussion, perc, percs, prc, conga, congas, bongo, bongos, shaker, shakers,
        tambourine, tamb, tambo, tambourin, clap, claps, handclap, hand clap, snap, snaps, finger snap,
        cowbell, woodblock, wood block, clave, claves, cabasa, guiro, maraca, maracas, triangle,
        timbale, timbales, djembe, cajon, cuica, agogo, tabla, udu, darbuka, doumbek, bodhran, taiko,
        surdo, pandeiro, castanet, castanets, vibraslap, windchime, wind chime, chimes, bell tree,
        marimba, vibraphone, vibes, xylophone, glockenspiel, glock, tubular bells, sleigh bell,
        sleighbell, jingle, gong, timpani, timpano, timp, timps, steel drum, steelpan, steel pan,
        kalimba, mbira, stomp, stomps, foot stomp, tabor, washboard, schellenkranz, klatschen,
        perkussion, percusion, percusiones, palmas, percussioni, percussao, percussie, перкуссия, перк,
        шейкер, бубен, хлопки, パーカッション, タンバリン, シェイカー, クラップ, 打击乐, 沙锤, 퍼커션""",
    "drums": """
        drum, drums, drumset, drum set, drumkit, drum kit, drs, drm, drms, dr, kit, kits, drum machine,
        drumloop, overhead, overheads, ovh, ovhd, overhd, oh, ohs, drum room, drum bus, breakbeat,
        break beat, schlagzeug, batterie, bateria, batteria, drumstel, trummor, trommer, perkusja,
        rummut, ударные, барабаны, барабан, установка, оверхед, оверхеды, ドラム, ドラムス, 鼓, 架子鼓,
        爵士鼓, 드럼""",
    "bass": """
        bass, bas, bs, bss, bassgtr, bassgt, bass gtr, bass guitar, bassguit, ebass, e bass,
        electric bass, basse, bajo, basso, baixo, contrabass, contrabasso, contrabajo, contrebasse,
        kontrabass, contrabaixo, double bass, upright bass, upright, acoustic bass, sub bass, subbass,
        synth bass, synthbass, sbass, bassline, fretless, slap bass, basgitaar, basgitarr, basowa, бас,
        бас гитара, контрабас, ベース, ウッドベース, 贝斯, 貝斯, 低音吉他, 베이스""",
    "guitar": """
        guitar, gtr, gtrs, guit, guits, gt, gtar, guitr, guitare, guitarra, chitarra, gitarre, gitaar,
        gitarr, gitara, kitara, gitar, git, gits, guitarre, гитара, гит, ギター, 吉他, 기타""",
    "guitar_acoustic": """
        ukelele, psaltery, guzheng, liuqin, zhongruan, pipa, koto, shamisen, saz, baglama, balalaika,
        agtr, agt, acgtr, acgt, acougtr, acougt, acoustic gtr, ac gtr, acgit, agit, acoustic guitar,
        a gtr, a guitar, aco gtr, acousticgtr, banjo, mandolin, mando, ukulele, uke, dobro, resonator,
        bouzouki, oud, sitar, charango, cavaquinho, nylon, nylon gtr, spanish guitar, classical guitar,
        twelve string, steel string, 12 string, 12str, 6 string, akustikgitarre, westerngitarre,
        violao, guitare acoustique, guitare seche, folk guitare, akgtr, акустика, акустическая гитара,
        укулеле, балалайка, アコギ, ウクレレ, 木吉他, 통기타, 어쿠스틱 기타, mandoline, mandolino,
        banjos, requinto, tres""",
    "guitar_electric": """
        ebow, e bow, egtr, egt, elgtr, elgt, elecgtr, elecgt, electricgtr, electric gtr,
        electric guitar, elec gtr, el gtr, egit, e gtr, e guitar, e git, lead guitar, leadgtr,
        rhythm guitar, rhy gtr, rhygtr, rhythmgtr, gtrdist, gtr dist, dist gtr, lap steel, lapsteel,
        pedal steel, pedalsteel, slide guitar, telecaster, tele, strat, stratocaster, les paul,
        lespaul, powerchord, power chords, egitarre, e gitarre, stromgitarre, sologitarre,
        guitare electrique, guitarra electrica, chitarra elettrica, электрогитара, エレキ,
        エレキギター, 电吉他, 電吉他, 일렉 기타""",
    "piano": """
        piano, pno, pn, pian, grand piano, upright piano, klavier, fluegel, flugel, pianoforte, klaver,
        fortepian, пианино, рояль, фортепиано, фоно, ピアノ, 钢琴, 鋼琴, 피아노""",
    "organ": """
        organ, org, hammond, b3, leslie, farfisa, orgel, orgue, organo, orgao, hammondorgel,
        pipe organ, church organ, harmonium, орган, オルガン, 管风琴, 风琴, 오르간""",
    "keys": """
        accordian, key, keys, keyboard, keyboards, kybd, kbd, kb, keyb, epiano, e piano,
        electric piano, elec piano, ep, rhodes, wurlitzer, wurli, wurly, clav, clavinet, clavi,
        harpsichord, cembalo, celesta, celeste, mellotron, accordion, akkordeon, accordeon, toy piano,
        melodica, dx7, tasten, clavier, claviers, teclado, teclados, tastiera, tastiere, toetsen,
        klaviatur, klawisze, клавиши, клавишные, родес, аккордеон, баян, キーボード, エレピ, 键盘,
        鍵盤, 키보드, music box""",
    "synth": """
        synth, syn, synt, synthesizer, synthesiser, synths, synthe, synthi, moog, minimoog, minilogue,
        juno, jupiter, prophet, korg, roland, arturia, serum, sylenth, omnisphere, supersaw, saw,
        sintetizador, sintetizzatore, sint, syntetyzator, синтезатор, синт, シンセ, 合成器, 신스""",
    "synth_lead": """
        synth lead, lead synth, leadsynth, synthlead, arp, arps, arpeggio, arpeggiator, arpeggio synth,
        pluck, plucks, plk, pluck synth, theremin, seq, sequence, sequencer, sequencers,
        ondes martenot, melody, chiptune""",
    "pad": """
        pad, pads, synth pad, synthpad, padsynth, string pad, strings pad, warm pad, choir pad,
        vox pad, vocal pad, drone, drones, atmo, atmos, atmosphere, atmospheres, soundscape, texture,
        textures, nappe, nappes, teppich, colchon, flaeche, fläche, flachen, подклад, пэд, パッド,
        铺底, 패드""",
    "strings": """
        string, strings, strs, str, violin, violins, vln, vlns, vns, viola, violas, vla, vlas, cello,
        celli, cellos, vlc, violoncello, fiddle, pizz, pizzicato, spiccato, string section,
        string quartet, quartet, harp, erhu, geige, geigen, bratsche, streicher, harfe, violon,
        violons, alto violin, violoncelle, cordes, harpe, violines, cuerdas, violonchelo, arpa,
        violino, violini, archi, cordas, violinos, strijkers, viool, strak, fiol, smyczki, skrzypce,
        струнные, скрипка, скрипки, альт, виолончель, ストリングス, バイオリン, ヴァイオリン, チェロ,
        ビオラ, 弦乐, 弦樂, 小提琴, 大提琴, 二胡, 스트링, 바이올린, 첼로, orchestra, orch, orchestral""",
    "brass": """
        brass, brs, horn, horns, hrn, hrns, trumpet, tpt, tpts, trpt, trp, trombone, trbn, tbn, tbone,
        tromb, bone, tuba, flugelhorn, flugel horn, cornet, euphonium, french horn, fhorn,
        bass trombone, horn section, brass section, sousaphone, trompete, trompeten, posaune, posaunen,
        horner, blechblaser, blaser, blaeser, cuivres, trompette, cors, metales, vientos, trompeta,
        trompetas, trombon, ottoni, tromba, trombe, metais, koper, trompet, blas, brasshits, трубы,
        труба, тромбон, духовые, медь, ブラス, トランペット, 铜管, 小号, 브라스, 트럼펫""",
    "wind": """
        flute, flutes, flt, piccolo, picc, clarinet, clarinets, clar, bass clarinet, oboe, bassoon,
        bsn, english horn, cor anglais, sax, saxes, saxophone, saxophones, saxo, asax, tsax, bsax,
        alto sax, altosax, tenor sax, tenorsax, bari sax, barisax, soprano sax, sopsax, bass sax,
        woodwind, woodwinds, winds, ww, recorder, whistle flute, tin whistle, harmonica, harp mic,
        bagpipe, bagpipes, didgeridoo, shakuhachi, dizi, pan flute, panpipes, bansuri, quena, ocarina,
        flote, querflote, blockflote, klarinette, fagott, saxophon, holzblaser, mundharmonika,
        flute traversiere, clarinette, hautbois, basson, saxofon, flauta, flautas, clarinete, fagot,
        armonica, flauto, clarinetto, sassofono, fiati, fluit, klarinet, dwarsfluit, флейта, саксофон,
        сакс, кларнет, гармошка, フルート, サックス, クラリネット, 长笛, 笛子, 萨克斯, 색소폰, 플루트""",
    "vocal": """
        speaker, screamer, vocalist, vocal, vocals, vox, voxes, voc, vocs, vcl, voice, voices, vx,
        singer, sing, singing, sung, soprano, tenor voice, rap, rapper, verse vox, spoken, spoken word,
        speech, gesang, stimme, stimmen, sprecher, voix, chant, chanteur, chanteuse, voz, voces,
        vocais, voce, cantante, canto, zang, sang, rost, wokal, wokale, spiew, laulu, вокал, голос,
        голоса, ボーカル, ヴォーカル, 歌, 人声, 人聲, 보컬, 노래, male vocal, female vocal, malesinger,
        femalesinger""",
    "lead_vocal": """
        lead vocal, lead vocals, lead vox, leadvox, leadvocal, leadvoc, ldvox, ld vox, lvox, lv, lvs,
        lvx, lead voice, leadvoice, lead voc, main vocal, main vox, mainvox, vox main, ld vocal,
        leadgesang, hauptstimme, voz principal, voix lead, voce principale, voz lead, leadzang,
        leadsang, вокал основной, лид вокал, メインボーカル, 主唱, 메인 보컬""",
    "backing_vocal": """
        vocalists, backing vocal, backing vocals, backing vox, backingvox, backing, bgvox, bg vox, bgv,
        bgvs, bvox, bv, bvs, bvx, bkg, bkgvox, bkgd, bkv, bgs, backup vocal, backup vox, backvox,
        back vox, back vocal, backvoc, background vocal, background vox, backgroundvox,
        background vocals, harmony, harmonies, harm, harms, harmo, harmvox, harmvoc, hvox, choir,
        choirs, chor, gang, gang vocal, gangvox, group vocal, groupvox, group vox, crowd vocal,
        crowdvox, shout, shouts, chant vox, adlib, adlibs, ad lib, ad libs, ooh, oohs, oos, aah, aahs,
        ahh, ahhs, ooo, aaa, la la, doo wop, vocal dbl, vox dbl, response vox, background singer,
        chorus vocal, backings, backgesang, hintergrundgesang, choeur, choeurs, chœur, chœurs, coro,
        coros, coral, cori, coretto, coretti, corista, koor, achtergrond, kor, chorki, chorek, kuoro,
        бэк, бэки, бек, беки, бэк вокал, бэквокал, бек вокал, подпевки, хор, コーラス, ハモリ, 和声,
        和聲, 合唱, 코러스, 합창""",
    "fx": """
        sub drop, bass drop, fx, sfx, efx, effect, effects, riser, risers, uplifter, downlifter,
        downer, sweep, sweeps, impact, impacts, whoosh, swoosh, white noise, noise, noises, reverse,
        rev fx, foley, field recording, ambience fx, transition, transitions, stinger, scratch,
        scratches, scratching, turntable, turntables, vinyl, siren, laser, explosion, boom, glitch,
        glitches, zap, efekt, efekty, effekt, effekte, effet, effets, bruitage, bruit, efecto, efectos,
        ruido, effetti, rumore, gerausch, geraeusch, эффект, эффекты, шум, 効果音, 音效, 효과음""",
    "other": """
        other, others, misc, backing track, backingtrack, playback, instrumental, band, accompaniment,
        rest, etc, click, clicktrack, metronome, sonstige, sonstiges, autre, autres, otros, otro,
        altro, altri, outros, outro inst, разное, прочее, その他, 其他, 기타 등등""",
}

HINTS: Mapping[str, str] = {
    "kick": """
        k, beater""",
    "snare": """
        s btm, rim, wires""",
    "hat": """
        ch, closed, opened""",
    "cymbal": """
        bell, china""",
    "percussion": """
        wood, block, shake, rattle, bells, tick, pot, stick, sticks, ganza""",
    "drums": """
        room, rooms, rm, rms, ambience, ambient, amb, loop, loops, beat, beats, break, breaks, groove,
        fill, fills, mono room, crush, crotch, trash mic, knee, stereo room, far, near, raum, sala""",
    "bass": """
        sub, low end, 808, reese, wobble""",
    "guitar_electric": """
        eg, amp, cab, riff, solo, dist, distortion, fuzz, chug, chugs, twang, marshall, fender, mesa,
        crunch, powerchords""",
    "guitar_acoustic": """
        ag, acoustic, strum, strums, picking, fingerpicked, nylonstring""",
    "piano": """
        steinway, yamaha, grand""",
    "keys": """
        chord, chords, stab, stabs, nord, comp""",
    "synth_lead": """
        lead, hook, theme, blip, bleep, bleeps, lasersynth, bell synth, square, melodie, melodia,
        topline, oct, default preset lead""",
    "pad": """
        swell, swells, wash, air, bed, ambientpad, strpad, sustain""",
    "strings": """
        ensemble, section, legato, staccato, tremolo, arco, vl, vn, vc""",
    "brass": """
        tp, cor""",
    "wind": """
        whistle, fl, cl, ob""",
    "lead_vocal": """
        verse, main, refrain, narration, dialog, dialogue, talk""",
    "backing_vocal": """
        chorus, double, dbl, vocoder, talkbox, yeah, hey, hum, whisper, scream, screams, crowd,
        doubles, unison""",
    "fx": """
        hit, hits, sample, samples, rise, drop, swish, build, buildup, revcym, texturefx, sci fi,
        space, alien, verb, reverb, delay, wet, return, throw""",
}

MODIFIERS: Mapping[str, str] = {
    "acoustic": """
        acoustic, acou, acous, acoust, aco, ac, acc, nylon, classical, classic, spanish, steel string,
        twelve string, folk, fingerpick, fingerpicked, strum, strummed, akustik, akustisch, akustische,
        acoustique, acustica, acustico, akustisk, акустическая, akoestisch, akustyczna, clasica""",
    "electric": """
        ac 30, ac 15, vox ac, electric, elec, elect, el, ele, dist, distorted, distortion, overdrive,
        overdriven, od, clean, crunch, crunchy, amp, amped, cab, dirty, fuzz, wah, lead, ld, rhythm,
        rhy, rhyt, rythm, solo, riff, power, heavy, marshall, fender, mesa, tele, strat, slide,
        elektrisch, electrique, electrica, elettrica, eletrica, elektryczna, elektrisk, chug,
        palm mute, whammy, hi gain""",
    "lead": """
        lead, ld, main, principal, haupt, solo, principale, front, v1, verse""",
    "backing": """
        backing, back, bg, bk, bkg, bgd, background, backup, harmony, harm, harmonies, harmo, choir,
        gang, group, crowd, low harmony, high harmony, response, answer, stack, stacks, layer, layers,
        ooh, oohs, aah, aahs, ah, ahs, oh, ohs, hey, heys, adlib, adlibs, ad lib, shout, shouts,
        whisper, scream, screams, double, doubles, dbl, dbls, dt, doubled, doubletrack, double track,
        doubling, dub, unison, hum, chorus, pad, octave, third, fifth, alto, tenor, bassvox, baritone,
        fx, effect, effects, chop, chops, sample, samples, throw, delay, reverb, vocoder, glitch,
        hintergrund, choeur, coro, coros, segunda, seconda, sub, бэк""",
}

SILENT_WORDS = """
    in, out, inside, outside, top, bottom, bot, btm, up, down, dn, under, over, left, right, mid, low,
    high, hi, lo, center, centre, mono, stereo, st, close, front, rear, far, near, mic, mics, mike, di,
    line, dry, track, trk, audio, stem, stems, bounce, bounced, comp, edit, final, new, old, mix, sub, bus,
    buss, grp, grid, take, part, alt, off, default, preset, hard, soft, muffled, live, sound, large, small,
    big, the, a, and, of, pt, ver, version, master, processed, raw, clean, closed, opened, open, slap,
    group, linn, ds, sm, md, akg, u, c, fet, ribbon, condenser, dyn, royer, beta, rode, neumann, senn,
    sennheiser, shure, audix, l, r, m, s, x, y, ms, xy, one, two, three, rack, floor, dirty, wet, male,
    female, intro, outro, bridge, verse, chorus, pre, prechorus, post, build, main, extra, additional,
    quiet, loud, long, short, fast, slow
"""
"""Words that say nothing about the role; they only help to take glued words apart."""
